import { it } from "vitest";
import { fuzz } from "./tenant.mjs";

it("10,000 damaged questions, answers, cursors and requests", { timeout: 240_000 }, () => fuzz(10_000, 1));
