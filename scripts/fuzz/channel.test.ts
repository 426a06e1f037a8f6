import { it } from "vitest";
import { fuzz } from "./channel.mjs";

it("damaged, exchanged and random handshakes end with a typed error or go on waiting, and establish nothing", () =>
	fuzz(10_000, 1));
