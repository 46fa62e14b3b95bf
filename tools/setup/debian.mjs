// Debian's packages: the ones to install, and the newer ones that are only downloaded and unpacked.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, SetupError, which } from './step.mjs';
import { debianSuite } from './versions.mjs';

/** 'bookworm' or 'trixie', or null on any other system. */
export function debianCodename() {
  if (!existsSync('/etc/os-release') || !which('dpkg-query') || !which('apt-get')) return null;
  const release = readFileSync('/etc/os-release', 'utf8');
  const field = (name) => release.match(new RegExp(`^${name}="?([^"\n]*)"?$`, 'm'))?.[1];
  const codename = field('VERSION_CODENAME');
  return field('ID') === 'debian' && ['bookworm', 'trixie'].includes(codename) ? codename : null;
}

export function missingPackages(names) {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own syntax
  const listed = run('dpkg-query', ['-W', '-f', '${Package} ${db:Status-Status}\n'], 'dpkg-query does not work here.');
  const installed = new Set(
    listed
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  );
  return names.filter((name) => !installed.has(name));
}

export function installPackages(names, detail) {
  const missing = missingPackages(names);
  if (missing.length === 0) return `all ${names.length} installed`;
  const root = process.getuid?.() === 0;
  const byHand = `apt-get update && apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  // -n: never wait for a password, there may be nobody to type it
  if (!root && run('sudo', ['-n', 'true'], null) === null) {
    throw new SetupError(
      `Packages are missing and only root can install them; run this as root, then start again: ${byHand}`,
    );
  }
  const apt = (args, what) =>
    root
      ? run('apt-get', args, what, { env: { DEBIAN_FRONTEND: 'noninteractive' } })
      : run('sudo', ['-n', 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...args], what);
  detail(`installing ${missing.join(' ')}`);
  // One source of several that does not answer makes `update` fail, and the install may still work: that one decides.
  apt(['-q', 'update'], null);
  apt(
    ['-q', 'install', '-y', '--no-install-recommends', ...missing],
    `apt-get could not install the packages (is there a network?); this is the command: ${byHand}`,
  );
  return `installed ${missing.length}`;
}

/** The stanzas of Debian's own archive among apt's sources: { uris, signedBy } of each that has `codename` and main. */
export function parseSources(text, oneLine, codename) {
  const found = [];
  const take = (types, uris, suites, components, signedBy) => {
    if (!types.includes('deb') || !suites.includes(codename) || !components.includes('main')) return;
    // other archives use the same suite names, and would not have Debian's packages
    if (signedBy && !signedBy.includes('debian-archive')) return;
    found.push({ uris, signedBy });
  };
  const words = (value) => (value ?? '').split(/\s+/).filter(Boolean);
  if (oneLine) {
    for (const line of text.split('\n')) {
      const match = line.match(/^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+([^#]+)/);
      if (!match) continue;
      const signedBy = match[1]?.match(/signed-by=(\S+)/)?.[1];
      take(['deb'], [match[2]], [match[3]], words(match[4]), signedBy);
    }
    return found;
  }
  for (const stanza of text.split(/\n\s*\n/)) {
    const fields = {};
    let last = null;
    for (const line of stanza.split('\n')) {
      if (line.startsWith('#')) continue;
      const match = line.match(/^([A-Za-z-]+):\s*(.*)$/);
      if (match) {
        last = match[1].toLowerCase();
        fields[last] = match[2];
      } else if (last && /^\s/.test(line)) {
        fields[last] += `\n${line}`;
      }
    }
    if (fields.enabled?.trim() === 'no') continue;
    take(words(fields.types), words(fields.uris), words(fields.suites), words(fields.components), fields['signed-by']);
  }
  return found;
}

function archiveOf(codename) {
  const files = existsSync('/etc/apt/sources.list') ? ['/etc/apt/sources.list'] : [];
  const parts = '/etc/apt/sources.list.d';
  if (existsSync(parts))
    files.push(
      ...readdirSync(parts)
        .sort()
        .map((name) => join(parts, name)),
    );
  for (const file of files) {
    if (!/\.(list|sources)$/.test(file)) continue;
    const [first] = parseSources(readFileSync(file, 'utf8'), file.endsWith('.list'), codename);
    if (first) return first;
  }
  throw new SetupError(
    `apt's sources name no archive with the suite ${codename}, so Debian 13's packages cannot be found.`,
  );
}

/**
 * Downloads packages of Debian 13 ('name=version pattern') into `folder` and returns the paths of their files. apt runs
 * on lists, caches and a source of its own and verifies all as usual; nothing of the system's changes.
 */
export function downloadPackages(names, folder, codename) {
  const { uris, signedBy } = archiveOf(codename);
  const apt = join(folder, 'apt');
  for (const part of ['lists/partial', 'cache/archives/partial', 'debs'])
    mkdirSync(join(apt, part), { recursive: true });
  writeFileSync(join(apt, 'status'), '');
  writeFileSync(
    join(apt, 'debian.sources'),
    `Types: deb\nURIs: ${uris.join(' ')}\nSuites: ${debianSuite}\nComponents: main\n${signedBy ? `Signed-By: ${signedBy}\n` : ''}`,
  );
  const options = [
    `Dir::State::lists=${apt}/lists`,
    `Dir::State::status=${apt}/status`,
    `Dir::Cache=${apt}/cache`,
    `Dir::Etc::sourcelist=${apt}/debian.sources`,
    'Dir::Etc::sourceparts=/dev/null',
    'Dir::Etc::preferences=/dev/null',
    'Dir::Etc::preferencesparts=/dev/null',
    // the folder is ours, and apt's own user could not write there
    'APT::Sandbox::User=root',
    'APT::Update::Error-Mode=any',
  ].flatMap((option) => ['-o', option]);
  const failed =
    "Debian 13's packages could not be downloaded: look at apt's message above, most often there is no network.";
  run('apt-get', [...options, '-q', 'update'], failed);
  run('apt-get', [...options, '-q', 'download', ...names], failed, { cwd: join(apt, 'debs') });
  return readdirSync(join(apt, 'debs')).map((name) => join(apt, 'debs', name));
}
