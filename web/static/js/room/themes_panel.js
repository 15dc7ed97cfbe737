/** The prompt of the discussion, what is written to everyone, and the themes many share. */
import { html, nothing, when } from "./lit.js";
import { t, tn } from "../strings.js";
import { icon, unseen } from "./icon.js";
import { writeTurn } from "./spoken_words.js";

/** @typedef {import('./types.js').Room} Room */
/** @typedef {import('./types.js').Theme} Theme */

/** A one-line form that sends one text and empties itself unless it edits something. */
export function textForm(
  /** @type {{id: string, label: string, button: string, value?: string, send: (text: string) => Promise<import('./types.js').Answer>}} */ {
    id,
    label,
    button,
    value,
    send,
  },
) {
  const submit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const field = /** @type {HTMLInputElement} */ (
      /** @type {HTMLFormElement} */ (event.currentTarget).elements.namedItem(id)
    );
    const text = field.value;
    const answer = await send(text.trim());
    if (answer.kind === "done" && value === undefined && field.value === text) field.value = "";
  };
  return html`<form class="one-line" @submit=${submit}>
    <label for=${id}>${label}</label>
    <input class="input" id=${id} name=${id} .value=${value ?? ""} maxlength="280" autocomplete="off">
    <button class="button" type="submit">${button}</button>
  </form>`;
}

/** What the newest view allows: in a blip of the line no form may go, with all that is typed in it. */
export const allows = (/** @type {Room} */ { you }, /** @type {string} */ command) =>
  you.may.includes(command);

export function themesPanel(/** @type {Room} */ room) {
  const themes = room.view.themes ?? [];
  return html`
    ${
      allows(room, "set_prompt")
        ? textForm({
            id: "prompt",
            label: t("Prompt for everyone"),
            button: t("Show"),
            value: room.view.prompt ?? "",
            send: (text) => room.act("set_prompt", { text }),
          })
        : nothing
    }
    ${writeTurn(room)}
    <h3>${t("Common themes")}</h3>
    ${
      themes.length
        ? html`<ul class="themes">${themes.map((theme) => row(room, theme))}</ul>`
        : html`<p class="soft">${t("What many of us know, in a few words each. Everyone sees them; resonance has no names.")}</p>`
    }
    ${
      allows(room, "add_theme")
        ? textForm({
            id: "new-theme",
            label: t("New theme"),
            button: t("Add"),
            send: (text) => room.act("add_theme", { text }),
          })
        : nothing
    }`;
}

/** @param {Room} room @param {Theme} theme */
function row(room, theme) {
  if (room.ui.theme === theme.id && allows(room, "edit_theme")) {
    return html`<li class="theme">${textForm({
      id: `theme-${theme.id}`,
      label: t("Theme"),
      button: t("Save"),
      value: theme.text,
      send: (text) => {
        room.set({ theme: "" });
        return room.act("edit_theme", { theme: theme.id, text });
      },
    })}</li>`;
  }
  const hidden = unseen(theme.text);
  return html`<li class="theme"><span class="theme-text">${theme.text}
      <span class="small soft">${tn("{n} resonates", "{n} resonate", theme.resonates)}</span></span>
    ${when(
      allows(room, "edit_theme"),
      () => html`<button class="button plain" type="button"
      @click=${() => room.set({ theme: theme.id })}>${icon("pencil")} ${t("Edit")} ${hidden}</button>`,
    )}
    ${when(
      allows(room, "drop_theme"),
      () => html`<button class="button plain" type="button"
      @click=${() => room.act("drop_theme", { theme: theme.id })}>${icon("trash-2")} ${t("Drop")} ${hidden}</button>`,
    )}
  </li>`;
}

/** The participants' side: themes with one button each, anonymous. */
export function themesOf(/** @type {Room} */ room) {
  const themes = room.view.themes ?? [];
  if (!themes.length) return nothing;
  const mine = new Set(room.you.resonated ?? []);
  return html`<section class="card shared-themes" aria-labelledby="themes-title">
    <h2 id="themes-title">${t("What many of us know")}</h2>
    <ul class="themes">${themes.map(
      (theme) => html`<li class="theme">
      <span class="theme-text">${theme.text} ${when(theme.resonates, (n) => html`<span class="small soft">${tn("{n} resonates", "{n} resonate", n)}</span>`)}</span>
      ${
        mine.has(theme.id)
          ? html`<span class="resonated">${icon("check")} ${t("Resonates")}</span>`
          : html`<button class="button" type="button"
          @click=${() => room.act("resonate", { theme: theme.id })}>${icon("sparkles")} ${t("Resonates")} ${unseen(theme.text)}</button>`
      }
    </li>`,
    )}</ul>
  </section>`;
}
