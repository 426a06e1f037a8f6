import { randomBytes } from "node:crypto";
import type { Random } from "../ports.js";

export const nodeRandom: Random = { randomBytes: (length) => Uint8Array.from(randomBytes(length)) };
