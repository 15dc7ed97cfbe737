/** Parts that the server has put into the page as templates: helplines and guidelines. */

/** @type {Map<string, Node[]>} */
const parts = new Map();

/** The nodes of `<template id="part-NAME">`, copied once, so that drawing again moves nothing. */
export function fromPage(/** @type {string} */ name) {
  const known = parts.get(name);
  if (known) return known;
  const template = document.getElementById(`part-${name}`);
  const nodes =
    template instanceof HTMLTemplateElement ? [...template.content.cloneNode(true).childNodes] : [];
  parts.set(name, nodes);
  return nodes;
}
