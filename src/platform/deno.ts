import process from 'node:process';

/** What is used of Deno, https://docs.deno.com/api/deno/~/Deno.Permissions */
declare const Deno: {
  permissions: { querySync(wanted: { name: string }): { state: string } };
};

/** Whether the runtime lets us read every variable, or run and signal every program. Node.js always does. */
export function isAllowed(name: 'env' | 'run'): boolean {
  if (process.versions.deno === undefined) return true;
  return Deno.permissions.querySync({ name }).state === 'granted';
}
