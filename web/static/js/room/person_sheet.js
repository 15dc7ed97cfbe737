/** What a facilitator can do with one person: the floor, the order, a boundary, a private word. */
import { html, nothing } from './lit.js';
import { t } from '../strings.js';
import { icon } from './icon.js';
import { lineForm, lines } from './private_line.js';
import { standingWords } from './people_panel.js';

/** @typedef {import('./types.js').Room} Room */
/** @typedef {import('./types.js').Person} Person */

const about = (/** @type {Room} */ { view, ui }) => view.people?.find((p) => p.id === ui.person);

export function personSheet(/** @type {Room} */ room) {
  const person = about(room);
  if (!person) return null;
  const deed = (/** @type {string} */ command, /** @type {Record<string, unknown>} */ more = {}) => async () => {
    room.set({ dialog: '' });
    await room.act(command, { person: person.id, ...more });
  };
  const place = (room.view.next ?? []).indexOf(person.id);
  return {
    title: person.name,
    body: html`<p class="soft">${standingWords(room, person)}</p>
      <div class="deeds">
        ${room.may('give_floor') ? html`<button class="button primary" type="button" @click=${deed('give_floor')}>
          ${icon('mic')} ${person.silenced ? t('Give the floor and lift the silence') : t('Give the floor next')}</button>` : nothing}
        ${room.may('move') && place > 0 ? html`<button class="button" type="button" @click=${deed('move', { to: place - 1 })}>
          ${t('Move one place up')}</button>` : nothing}
        ${room.may('move') && place >= 0 && place < (room.view.next ?? []).length - 1 ? html`<button class="button" type="button"
          @click=${deed('move', { to: place + 1 })}>${t('Move one place down')}</button>` : nothing}
        ${room.may('silence') && !person.silenced ? html`<button class="button" type="button" @click=${deed('silence')}>
          ${icon('volume-x')} ${t('Silence')}</button>` : nothing}
        ${room.may('remove') ? html`<button class="button" type="button" @click=${() => room.set({ dialog: 'remove' })}>
          ${icon('user-x')} ${t('Remove')}</button>` : nothing}
      </div>
      <h3>${t('Write privately')}</h3>
      ${lines(room, room.live.lines.filter((line) => line.from === person.id || line.to === person.id))}
      ${lineForm(room, person.id)}`,
  };
}

/** Removing asks twice, and asks why. */
export function removeSheet(/** @type {Room} */ room) {
  const person = about(room);
  if (!person) return null;
  const remove = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.currentTarget);
    const reason = String(new FormData(form).get('reason') ?? '').trim();
    room.set({ dialog: '' });
    await room.act('remove', { person: person.id, reason });
  };
  return {
    title: t('Remove {name}?', { name: person.name }),
    body: html`<p>${t('Their turn ends, their connection closes and this browser cannot come back. From then on newcomers knock.')}</p>
      <form @submit=${remove}>
        <div class="field">
          <label for="remove-reason">${t('Reason')}</label>
          <p class="hint" id="remove-hint">${t('A few words for the record. Nothing that was said.')}</p>
          <input class="input" id="remove-reason" name="reason" required maxlength="200" autocomplete="off" aria-describedby="remove-hint">
        </div>
        <div class="buttons">
          <button class="button primary" type="submit">${icon('user-x')} ${t('Remove')}</button>
          <button class="button" type="button" @click=${() => room.set({ dialog: '' })}>${t('Keep')}</button>
        </div>
      </form>`,
  };
}
