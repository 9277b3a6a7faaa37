// For screens that show what somebody's hands do at a device right now: they look every second.

import { renew } from "./frame.js";

const LOOK_MS = 1000;

setInterval(renew, LOOK_MS);
