/** What every page has: the urgent-support card, quick exit, languages that keep the address. */
import { keepAddress } from "./languages.js";
import { watchForExit } from "./quick_exit.js";
import { supportCard } from "./support_card.js";

watchForExit();
keepAddress();
if (document.getElementById("urgent-support")) supportCard();
