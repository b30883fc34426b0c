<#
.SYNOPSIS
Installs, upgrades and removes conductor-loop as a service of Windows.

.DESCRIPTION
Run it as administrator, in Windows PowerShell 5.1 or PowerShell 7. The service is run by nssm or, where
that is not there, by WinSW: the program itself is one of the console, which sc.exe alone cannot run.
Running it again with -Action Install changes nothing but service settings and permissions that are not
as they must be. -WhatIf says each step and takes none. See docs/windows.md.

.EXAMPLE
.\install-service.ps1 -From .\dist -Droppers 'EXAMPLE\planners'

.EXAMPLE
.\install-service.ps1 -Action Upgrade -From .\dist

.EXAMPLE
.\install-service.ps1 -Action Remove -Purge
#>
[CmdletBinding(SupportsShouldProcess = $true)]
param(
    [ValidateSet('Install', 'Upgrade', 'Remove')]
    [string] $Action = 'Install',

    # Where conductor-loop-windows-amd64.exe and checksums.txt are.
    [string] $From = (Join-Path $PSScriptRoot '..\..\dist'),

    # Auto takes nssm, and WinSW where there is none.
    [ValidateSet('Auto', 'Nssm', 'WinSW')]
    [string] $Manager = 'Auto',

    # nssm.exe or WinSW-x64.exe; otherwise looked up in PATH.
    [string] $ManagerPath = '',

    # Accounts that may drop intents, read the status files and nothing else.
    [string[]] $Droppers = @(),

    # With Remove: configuration, spool, packages and logs go, too.
    [switch] $Purge
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$service = 'conductor-loop'
$asset = 'conductor-loop-windows-amd64.exe'
$programs = Join-Path $env:ProgramFiles 'conductor-loop'
$data = Join-Path $env:ProgramData 'conductor-loop'
$program = Join-Path $programs 'conductor-loop.exe'
$wrapper = Join-Path $programs 'conductor-loop-service.exe'
$config = Join-Path $data 'config.json'
$handoff = Join-Path $data 'handoff'
$out = Join-Path $data 'out'
$logs = Join-Path $data 'logs'
# An account that exists for this service alone and has no password.
$account = "NT SERVICE\$service"
# shutdown_grace is 20 s.
$stopSeconds = 35

# Runs a program; throws with what it said where it fails.
function Invoke-Program {
    param([string] $Path, [string[]] $Arguments)
    if (-not $PSCmdlet.ShouldProcess("$Path $($Arguments -join ' ')", 'run')) { return }
    # What a program writes to standard error is no error of PowerShell's.
    $ErrorActionPreference = 'Continue'
    $said = & $Path @Arguments 2>&1 | Out-String
    if ($LASTEXITCODE -ne 0) {
        throw "$Path $($Arguments -join ' ') ended with ${LASTEXITCODE}: $said"
    }
}

function Test-Service {
    return $null -ne (Get-Service -Name $service -ErrorAction SilentlyContinue)
}

function Assert-Administrator {
    $who = New-Object Security.Principal.WindowsPrincipal([Security.Principal.WindowsIdentity]::GetCurrent())
    if (-not $who.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)) {
        throw 'Only an administrator may change services: start PowerShell with "Run as administrator".'
    }
}

# Gives the new binary; throws unless it is the one that checksums.txt tells of.
function Get-VerifiedBinary {
    $binary = Join-Path $From $asset
    $sums = Join-Path $From 'checksums.txt'
    foreach ($path in @($binary, $sums)) {
        if (-not (Test-Path -LiteralPath $path -PathType Leaf)) {
            throw "$path is not there: name the directory that has it with -From."
        }
    }
    $line = Get-Content -LiteralPath $sums | Where-Object { $_ -match "  $([regex]::Escape($asset))$" }
    $wanted = ("$line" -split ' ')[0]
    $found = (Get-FileHash -LiteralPath $binary -Algorithm SHA256).Hash
    if ($found -ne $wanted) {
        throw "$binary has the SHA-256 $found, and checksums.txt says '$wanted': it was not installed."
    }
    return $binary
}

# The service manager: its kind, and where it is.
function Find-Manager {
    $candidates = @()
    if ($Manager -ne 'WinSW') { $candidates += @{ Kind = 'Nssm'; Names = @('nssm.exe') } }
    if ($Manager -ne 'Nssm') { $candidates += @{ Kind = 'WinSW'; Names = @('WinSW-x64.exe', 'WinSW.exe') } }
    if ($ManagerPath -ne '') {
        if (-not (Test-Path -LiteralPath $ManagerPath -PathType Leaf)) { throw "$ManagerPath is not there." }
        $kind = $Manager
        if ($kind -eq 'Auto') { $kind = if ((Split-Path -Leaf $ManagerPath) -like 'nssm*') { 'Nssm' } else { 'WinSW' } }
        return @{ Kind = $kind; Path = (Resolve-Path -LiteralPath $ManagerPath).Path }
    }
    foreach ($candidate in $candidates) {
        foreach ($name in $candidate.Names) {
            $command = Get-Command -Name $name -CommandType Application -ErrorAction SilentlyContinue |
                Select-Object -First 1
            if ($null -ne $command) { return @{ Kind = $candidate.Kind; Path = $command.Source } }
        }
    }
    throw 'Neither nssm.exe (https://nssm.cc) nor WinSW-x64.exe (https://github.com/winsw/winsw) is in PATH: install one of them, or name it with -ManagerPath.'
}

function Initialize-Directory {
    param([string] $Path)
    if (Test-Path -LiteralPath $Path -PathType Container) { return }
    if ($PSCmdlet.ShouldProcess($Path, 'make directory')) {
        New-Item -ItemType Directory -Path $Path | Out-Null
    }
}

# Every user may make directories in ProgramData, and whoever owns ours could say what the service runs.
function Assert-Trusted {
    param([string] $Path)
    if (-not (Test-Path -LiteralPath $Path)) { return }
    if ((Get-Item -LiteralPath $Path -Force).Attributes -band [IO.FileAttributes]::ReparsePoint) {
        throw "$Path is a link: move it away."
    }
    $owner = (Get-Acl -LiteralPath $Path).GetOwner([Security.Principal.SecurityIdentifier]).Value
    # The system, and administrators.
    if (@('S-1-5-18', 'S-1-5-32-544') -notcontains $owner) {
        throw "$Path belongs to ${owner}: move it away or, where you trust what is in it, run icacls `"$Path`" /setowner *S-1-5-32-544"
    }
}

function Write-FirstConfig {
    if (Test-Path -LiteralPath $config) { return }
    $settings = [ordered]@{ handoff = $handoff; out = $out; porch = 'builtin' }
    if ($PSCmdlet.ShouldProcess($config, 'write')) {
        # Windows PowerShell would begin a UTF-8 file with a byte order mark.
        [IO.File]::WriteAllText($config, ($settings | ConvertTo-Json) + "`n")
    }
}

function Install-Nssm {
    param([string] $Nssm)
    if (-not (Test-Service)) {
        # It is a part of the service from now on, and has to stay where the service may read it.
        $own = Join-Path $programs 'nssm.exe'
        if ($PSCmdlet.ShouldProcess($own, 'copy nssm')) {
            Copy-Item -LiteralPath $Nssm -Destination $own -Force
        }
        Invoke-Program $own @('install', $service, $program)
    }
    $settings = [ordered]@{
        Application          = $program
        # Without quotes: Windows PowerShell does not pass them on. The file lies in AppDirectory.
        AppParameters        = "-config $(Split-Path -Leaf $config) -log-format json"
        AppDirectory         = $data
        DisplayName          = 'conductor-loop'
        Description          = 'Runs Porch once for each intent file'
        Start                = 'SERVICE_DELAYED_AUTO_START'
        # Ctrl-C means stop, and needs a console. Nothing else is tried before the time is over.
        AppNoConsole         = '0'
        AppStopMethodSkip    = '6'
        AppStopMethodConsole = "$($stopSeconds * 1000)"
        AppKillProcessTree   = '1'
        # One that ends within 5 s is started again more and more slowly.
        AppRestartDelay      = '1000'
        AppThrottle          = '5000'
        AppStdout            = Join-Path $logs 'stdout.log'
        AppStderr            = Join-Path $logs 'conductor-loop.log'
        AppRotateFiles       = '1'
        AppRotateOnline      = '1'
        AppRotateBytes       = '10485760'
    }
    foreach ($name in $settings.Keys) { Invoke-Program $Nssm @('set', $service, $name, $settings[$name]) }
    Invoke-Program $Nssm @('set', $service, 'AppExit', 'Default', 'Restart')
    # 0: it was told to stop. 1: a mistake in the configuration, which no restart mends.
    foreach ($code in @('0', '1')) { Invoke-Program $Nssm @('set', $service, 'AppExit', $code, 'Exit') }
}

function Install-WinSW {
    param([string] $WinSW)
    if ((Test-Service) -and (Test-Path -LiteralPath $wrapper)) { return }
    if ($PSCmdlet.ShouldProcess($wrapper, 'copy WinSW and its configuration')) {
        Copy-Item -LiteralPath $WinSW -Destination $wrapper -Force
        $xml = Join-Path $PSScriptRoot 'conductor-loop-service.xml'
        Copy-Item -LiteralPath $xml -Destination ([IO.Path]::ChangeExtension($wrapper, '.xml')) -Force
    }
    Invoke-Program $wrapper @('install')
}

# Full rights for the system and administrators alone, and what is given here, inherited below.
function Grant-Access {
    param([string] $Path, [string[]] $Grants, [string[]] $More = @())
    $always = @('*S-1-5-18:(OI)(CI)F', '*S-1-5-32-544:(OI)(CI)F')
    Invoke-Program 'icacls.exe' (@($Path, '/inheritance:r', '/grant:r') + $always + $Grants + @('/Q'))
    # A second right of the same account would replace the first one there.
    foreach ($grant in $More) { Invoke-Program 'icacls.exe' @($Path, '/grant', $grant, '/Q') }
}

function Grant-AllAccess {
    # The service reads its configuration, and cannot change it.
    Grant-Access $data @("${account}:(OI)(CI)RX")
    foreach ($path in @($out, $logs)) { Grant-Access $path @("${account}:(OI)(CI)M") }
    # Who may drop sees what is there, adds files, and may change those that are its own.
    $drop = @($Droppers | ForEach-Object { "${_}:(RX,WD)"; "${_}:(OI)(CI)(IO)(GR)" })
    Grant-Access $handoff @("${account}:(OI)(CI)M", '*S-1-3-0:(OI)(IO)M') $drop
}

function Invoke-Drain {
    if (-not (Test-Service)) { return }
    if (-not $PSCmdlet.ShouldProcess($service, 'stop; porch runs may end, what waits stays in handoff')) { return }
    Stop-Service -Name $service -NoWait
    (Get-Service -Name $service).WaitForStatus('Stopped', [TimeSpan]::FromSeconds($stopSeconds + 15))
}

function Invoke-CheckedStart {
    if (-not $PSCmdlet.ShouldProcess($service, 'start')) { return }
    Start-Service -Name $service
    # A program that ends at once takes its service with it, or is being started again by then.
    Start-Sleep -Seconds 5
    $state = (Get-Service -Name $service).Status
    if ($state -ne 'Running') { throw "$service is $state after its start: see $logs." }
}

function Invoke-Install {
    $binary = Get-VerifiedBinary
    $found = Find-Manager
    foreach ($path in @($data, $config, $handoff, $out, $logs)) { Assert-Trusted $path }
    foreach ($path in @($programs, $data)) { Initialize-Directory $path }
    # The service's account is known when there is a service.
    Grant-Access $data @()
    foreach ($path in @($handoff, $out, $logs)) { Initialize-Directory $path }
    if (-not (Test-Path -LiteralPath $program)) {
        if ($PSCmdlet.ShouldProcess($program, 'copy')) { Copy-Item -LiteralPath $binary -Destination $program }
    }
    Write-FirstConfig
    if ($found.Kind -eq 'Nssm') { Install-Nssm $found.Path } else { Install-WinSW $found.Path }
    Invoke-Program 'sc.exe' @('config', $service, 'obj=', $account)
    Grant-AllAccess
    Write-Output "installed; look at $config, then: Start-Service $service"
}

function Invoke-Upgrade {
    if (-not (Test-Service)) { throw "$service is not installed: run this without -Action Upgrade first." }
    $binary = Get-VerifiedBinary
    # A binary that does not start, or does not take the configuration, replaces nothing.
    Invoke-Program $binary @('-version')
    Invoke-Program $binary @('-validate-config', '-config', $config)
    $wasRunning = (Get-Service -Name $service).Status -eq 'Running'
    Invoke-Drain
    if (-not $PSCmdlet.ShouldProcess($program, 'replace')) { return }
    $old = "$program.old"
    Move-Item -LiteralPath $program -Destination $old -Force
    try {
        Copy-Item -LiteralPath $binary -Destination $program
        if ($wasRunning) { Invoke-CheckedStart }
    }
    catch {
        $why = $_
        Invoke-Drain
        Move-Item -LiteralPath $old -Destination $program -Force
        if ($wasRunning) { Start-Service -Name $service }
        throw "the new program does not run, the old one is back: $why"
    }
    Remove-Item -LiteralPath $old
    Write-Output 'upgraded'
}

function Invoke-Removal {
    Invoke-Drain
    if (Test-Service) { Invoke-Program 'sc.exe' @('delete', $service) }
    if (Test-Path -LiteralPath $programs) {
        if ($PSCmdlet.ShouldProcess($programs, 'remove')) { Remove-Item -LiteralPath $programs -Recurse }
    }
    if ($Purge -and (Test-Path -LiteralPath $data)) {
        if ($PSCmdlet.ShouldProcess($data, 'remove')) { Remove-Item -LiteralPath $data -Recurse }
    }
    $kept = if ($Purge) { '' } else { "; $data stays" }
    Write-Output "removed$kept"
}

Assert-Administrator
switch ($Action) {
    'Install' { Invoke-Install }
    'Upgrade' { Invoke-Upgrade }
    'Remove' { Invoke-Removal }
}
