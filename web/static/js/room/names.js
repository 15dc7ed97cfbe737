/**
 * What people are called on this page. Two of one name are told apart by their seats, and keep
 * that when one of them has gone: it must be certain who is meant, and who was.
 */

/** @typedef {{name: string, seat?: number, key: string}} Known */

/** @type {Map<string, Known>} all who were ever here or at the door, by person */
const everybody = new Map();

const keyOf = (/** @type {string} */ name) => name.normalize("NFKC").toLocaleLowerCase();
const numbered = (/** @type {Known} */ { key, seat }) => `${key} ${seat}`;

/** Somebody else is called so, or would be with their seat. */
function isTaken(/** @type {Known} */ one) {
  return [...everybody.values()].some((other) => other !== one && [other.key, numbered(other)].includes(one.key));
}

/** Of somebody who was never here: "". */
export function nameOf(/** @type {string|null|undefined} */ id) {
  const one = everybody.get(id ?? "");
  return one ? (one.seat && isTaken(one) ? `${one.name} ${one.seat}` : one.name) : "";
}

/** Takes note of who is in a view; from then on everybody in it has the name that tells them apart. */
export function meet(/** @type {import('./types.js').View} */ view) {
  const { people = [], knocking = [], alerts = [] } = view;
  for (const { id, name } of knocking) everybody.set(id, { name, seat: everybody.get(id)?.seat, key: keyOf(name) });
  for (const { id, name, seat } of people) everybody.set(id, { name, seat, key: keyOf(name) });
  for (const { person, name } of alerts) // of one who had gone before this page was opened
    if (!everybody.has(person)) everybody.set(person, { name, key: keyOf(name) });
  for (const one of people) one.name = nameOf(one.id);
  for (const call of alerts) call.name = nameOf(call.person);
}
