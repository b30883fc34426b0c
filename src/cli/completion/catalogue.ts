import { settingInfos } from '../../config/schema.ts';
import { descriptions } from '../descriptions.ts';
import {
  type CommandDescription,
  commandNames,
  commands,
  type GeneralFlag,
  generalFlags,
  settingsOf,
  shells,
} from '../flags.ts';

/** What a shell may offer in a place: one of these words, or what lies in the file system. */
export type Offer = { words: readonly string[]; files: 'none' | 'directories' | 'all' };

export type CatalogueFlag = {
  name: string;
  description: string;
  placeholder: string;
  /** Null for a switch, which needs no value. */
  value: Offer | null;
};

export type CatalogueCommand = {
  name: string;
  summary: string;
  flags: readonly CatalogueFlag[];
  operands: Offer;
};

/** All that can be written on the command line: flags without a command, and the commands. */
export type Catalogue = {
  flags: readonly CatalogueFlag[];
  commands: readonly CatalogueCommand[];
};

const nothing: Offer = { words: [], files: 'none' };
const anyFile: Offer = { words: [], files: 'all' };

/** Made of what help is made of. */
export function catalogue(): Catalogue {
  return {
    flags: [...generalFlags, ...settingInfos.map(asFlag)].map(withOffer),
    commands: commands.map(({ name, summary }) => {
      const described = descriptions.find((one) => one.name === name);
      return {
        name,
        summary,
        flags: described === undefined ? [] : flagsOf(described).map(withOffer),
        // `help` has no description of its own.
        operands: described === undefined ? words(commandNames) : operandsOf(described),
      };
    }),
  };
}

function flagsOf(described: CommandDescription): readonly GeneralFlag[] {
  const general = generalFlags.filter(
    ({ name }) => name === 'help' || (name === 'config' && described.settings !== null),
  );
  return [...described.own, ...settingsOf(described).map(asFlag), ...general];
}

function asFlag({
  flag,
  isSwitch,
  placeholder,
  description,
}: {
  flag: string;
  isSwitch: boolean;
  placeholder: string;
  description: string;
}): GeneralFlag {
  return { name: flag, placeholder: isSwitch ? '' : placeholder, description };
}

function withOffer(flag: GeneralFlag): CatalogueFlag {
  return { ...flag, value: flag.placeholder === '' ? null : offerFor(flag.placeholder) };
}

/** A placeholder such as `direct|structured` lists its words. */
function offerFor(placeholder: string): Offer {
  if (placeholder.includes('|')) return words(placeholder.split('|'));
  if (placeholder === 'DIR') return { words: [], files: 'directories' };
  if (placeholder === 'FILE') return anyFile;
  if (placeholder === 'PROGRAM') return { words: ['builtin'], files: 'all' };
  return nothing;
}

function operandsOf({ operands }: CommandDescription): Offer {
  if (operands === 'shell') return words(shells);
  return operands === 'none' ? nothing : anyFile;
}

function words(list: readonly string[]): Offer {
  return { words: list, files: 'none' };
}
