import { describe } from "vitest";
import { testCarrying } from "./carrying.js";
import { testConnecting } from "./connecting.js";
import { testEnding } from "./ending.js";
import { testHoldingBack } from "./holding-back.js";
import type { TransportSuite } from "./under-test.js";

/** The acceptance suite of `Transport`, `Duplex` and what listens; runs in vitest. */
export function testTransport(suite: TransportSuite): void {
	describe(`transport: ${suite.name}`, () => {
		testCarrying(suite);
		testHoldingBack(suite);
		testEnding(suite);
		testConnecting(suite);
	});
}
