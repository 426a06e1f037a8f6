import { it } from "vitest";
import { fuzz } from "./joining.mjs";

it("10,000 damaged requests to join and invitations", { timeout: 240_000 }, () => fuzz(10_000, 1));
