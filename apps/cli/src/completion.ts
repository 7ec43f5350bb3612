/**
 * Completion scripts for shells, made from the commands themselves: every command, its own commands, its
 * flags. Files and values are left to the shell.
 */

import type { Command } from 'commander';

export type Shell = 'bash' | 'zsh' | 'fish';

/** What may follow a command: `verity token` → `issue list …`, and its flags. */
interface Place {
  /** Words that lead here, with blanks between; empty for the program. */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  readonly flags: readonly { readonly name: string; readonly description: string }[];
}

export function completionScript(program: Command, shell: Shell): string {
  const places = placesOf(program, '');
  if (shell === 'fish') return fishScript(places);
  const bash = bashScript(places);
  return shell === 'bash'
    ? bash
    : `#compdef verity\nautoload -U +X bashcompinit && bashcompinit\n${bash}`;
}

function placesOf(command: Command, path: string): readonly Place[] {
  const commands = command.commands.map((one) => ({
    name: one.name(),
    description: one.description(),
  }));
  const flags = command.options.map((option) => ({
    name: option.long ?? option.short ?? '',
    description: option.description,
  }));
  const below = command.commands.flatMap((one) => placesOf(one, `${path} ${one.name()}`.trim()));
  return [
    { path, commands, flags: [...flags, { name: '--help', description: 'show help' }] },
    ...below,
  ];
}

/** Words up to the cursor that are commands lead to a place; a flag there or nothing completes it. */
function bashScript(places: readonly Place[]): string {
  const global = places[0]?.flags.map(({ name }) => name) ?? [];
  const cases = places.map(({ commands, flags, path }) => {
    const words = [...commands, ...flags].map(({ name }) => name);
    const all = path === '' ? words : [...words, ...global];
    return `    '${path}') words='${[...new Set(all)].join(' ')}' ;;`;
  });
  return `# verity: completion for bash. To use it: source <(verity completion bash)
_verity() {
  local current=\${COMP_WORDS[COMP_CWORD]} path='' word words=''
  local known=' ${places
    .map(({ path }) => path.replaceAll(' ', '/'))
    .filter((path) => path !== '')
    .join(' ')} '
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$known" in
      *" \${path:+$path/}$word "*) path="\${path:+$path/}$word" ;;
    esac
  done
  case "\${path//\\// }" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _verity verity
`;
}

function fishScript(places: readonly Place[]): string {
  const lines = places.flatMap(({ commands, flags, path }) => {
    const condition = fishCondition(path, places);
    const names = commands.map(
      ({ description, name }) => `-f -a ${name} -d ${quoted(description)}`,
    );
    const options = flags.map(
      ({ description, name }) => `-l ${name.replace(/^--?/, '')} -d ${quoted(description)}`,
    );
    return [...names, ...options].map((what) => `complete -c verity -n ${condition} ${what}`);
  });
  return `# verity: completion for fish. To use it: verity completion fish | source\n${lines.join('\n')}\n`;
}

/** Where the words that lead to a place were typed, and none that leads further. */
function fishCondition(path: string, places: readonly Place[]): string {
  const deeper =
    places.find((place) => place.path === path)?.commands.map(({ name }) => name) ?? [];
  const typed = path.split(' ').filter((word) => word !== '');
  const seen = typed.map((word) => `__fish_seen_subcommand_from ${word}`);
  const unseen = deeper.length === 0 ? [] : [`not __fish_seen_subcommand_from ${deeper.join(' ')}`];
  const all = [...seen, ...unseen];
  return `'${all.length === 0 ? 'true' : all.join('; and ')}'`;
}

/** A word of fish: quotes and backslashes are escaped. */
function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', ' ')}'`;
}
