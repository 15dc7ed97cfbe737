/**
 * The shapes that the room's screens read: protocol.md in JSDoc.
 *
 * Only types; the file runs to nothing. All moments are milliseconds of the server's clock.
 *
 * @typedef {'lobby'|'welcome'|'introductions'|'discussion'|'close'|'ended'} Stage
 * @typedef {'participant'|'facilitator'|'observer'} RoleName
 * @typedef {'none'|'waiting'|'later'|'offered'|'speaking'|'held'|'spoke'|'passed'} Standing
 *
 * @typedef {object} Turn
 * @property {string} [id]
 * @property {number} [number]
 * @property {string} [person] never told to observers
 * @property {'offered'|'speaking'|'grace'|'held'} state
 * @property {number} limit_s
 * @property {number|null} ends_at end of the limit, in grace the end of grace
 * @property {number|null} remaining_ms set while the turn's clock stands
 * @property {number|null} offer_ends_at
 * @property {'introduction'|'discussion'|'closing'} [kind]
 *
 * @typedef {object} Person
 * @property {string} id
 * @property {string} name
 * @property {RoleName} role
 * @property {boolean} present
 * @property {number} [seat]
 * @property {number} [spoken_ms] from here on: facilitators only
 * @property {number} [turns]
 * @property {Standing} [standing]
 * @property {boolean} [silenced]
 * @property {boolean} [introduced]
 * @property {boolean} [hand]
 *
 * @typedef {{id: string, text: string, resonates: number}} Theme
 * @typedef {{id: string, name: string, at: number}} Knocker
 * @typedef {'now'|'after'|'leaving'} SupportKind
 * @typedef {'open'|'loud'|'on_call'|'taken'} AlertState
 *
 * @typedef {object} Alert
 * @property {string} id
 * @property {string} person
 * @property {string} name
 * @property {SupportKind} kind
 * @property {number} at
 * @property {AlertState} state
 * @property {string|null} taken_by
 *
 * @typedef {{do: 'set_limit'|'volunteers_only'|'carry_over', seconds?: number}} Remedy
 *
 * @typedef {object} Fit
 * @property {number} to_go
 * @property {number} of
 * @property {number} needs_ms
 * @property {number} ends_at
 * @property {number} planned_end
 * @property {number} over_ms
 * @property {Remedy[]} remedies
 *
 * @typedef {object} View
 * @property {true} [waiting] only this, for somebody who knocks
 * @property {Stage} stage
 * @property {number} stage_started_at
 * @property {number|null} stage_ends_at planned
 * @property {boolean} held
 * @property {boolean} facilitator_present
 * @property {Turn|null} turn
 * @property {{done: number, of: number}} progress
 * @property {number} observers
 * @property {'voice'|'text'|'hall'} [mode] what carries what is said; in a hall, nothing of ours
 * @property {string} [title] from here on: participants and facilitators
 * @property {number} [planned_end]
 * @property {'introductions'|'closing'|null} [round]
 * @property {boolean} [volunteers] whether this round is offered only to raised hands
 * @property {boolean} [calm] the facilitator has been away for long
 * @property {string|null} [prompt]
 * @property {number} [limit_s]
 * @property {string|null} [last_turn]
 * @property {string[]} [next]
 * @property {Person[]} [people]
 * @property {Theme[]} [themes]
 * @property {'open'|'knock'} [doors]
 * @property {Fit|null} [fit] from here on: facilitators only
 * @property {string[]} [script]
 * @property {Alert[]} [alerts]
 * @property {Knocker[]} [knocking]
 * @property {number|null} [undo_until]
 * @property {string} [on_call]
 * @property {'auto'|'by-hand'} [stepping]
 * @property {string} [queue_order]
 * @property {boolean} [observers_allowed]
 *
 * @typedef {object} Support
 * @property {string} alert
 * @property {SupportKind} kind
 * @property {AlertState} state
 * @property {string|null} by who has it
 *
 * @typedef {object} You
 * @property {string} person
 * @property {RoleName} role
 * @property {string} [name]
 * @property {number|null} [position] 0 is next
 * @property {number|null} [wait_ms]
 * @property {boolean} [hand_raised]
 * @property {Standing} [standing]
 * @property {boolean} [silenced]
 * @property {Support|null} [support]
 * @property {string[]} [resonated]
 * @property {string[]} may commands that would be accepted now
 *
 * @typedef {{type: 'view', now: number, view: View, you: You}} ViewFrame
 * @typedef {{from: string, name: string, to: string|null, text: string, at: number}} Line
 * @typedef {{kind: 'done'}|{kind: 'refused', code: string, message: string}|{kind: 'dropped'}} Answer
 *
 * What every part of the screen is given to draw itself.
 * @typedef {object} Room
 * @property {View} view
 * @property {You} you
 * @property {number} now the server's clock at this drawing
 * @property {number} age_ms how old the newest view is
 * @property {Link} link
 * @property {Live} live
 * @property {Ui} ui
 * @property {(name: string, fields?: Record<string, unknown>) => Promise<Answer>} act
 * @property {(changes: Partial<Ui>) => void} set changes what this person has open, and redraws
 * @property {(name: string) => boolean} may
 * @property {import("../voice/voice_state.js").VoiceState} voice how the sound stands
 * @property {import("../voice/room_sound.js").RoomSound} sound what can be done with it
 *
 * @typedef {object} Link how the connection stands
 * @property {'opening'|'open'|'lost'|'closed'} state
 * @property {boolean} away the store does not answer: clocks stand
 * @property {number|null} code the close code that ended it for good
 *
 * @typedef {object} Live what is relayed and never stored
 * @property {Record<string, {turn: string, text: string, unheard?: boolean}>} texts by person; unheard: mine, cut off
 * @property {Record<string, {count: number, until: number}>} gestures by kind
 * @property {Line[]} lines
 * @property {Record<string, string>} notes by alert
 * @property {{hear: number, of: number, trouble: string[]}|null} hearing who can follow the sound
 *
 * @typedef {object} Ui what this person has open on this screen; gone with the page
 * @property {string} dialog name of the open dialog, or ''
 * @property {string} person whom the open dialog is about
 * @property {boolean} passing
 * @property {boolean} gesturing
 * @property {boolean} writing while I speak, in this turn
 * @property {'people'|'themes'|'line'|'settings'} tab
 * @property {number} script index of the script line
 * @property {string} problem a refusal, until the next act
 * @property {number} read private lines read so far
 * @property {boolean} keys single-letter shortcuts are on
 * @property {import('./next_step.js').Step|''} confirm what waits for a second press
 * @property {Record<string, boolean>} chosen settings pressed since the last view: the second way?
 * @property {string} theme the theme being edited
 * @property {string} heard who had the floor last
 * @property {Record<string, import("./private_line.js").Draft>} drafts by the person a form is about
 */

export {};
