import { describe } from "vitest";
import { testChains } from "./chains.js";
import { testContents } from "./contents.js";
import { asContract, type ContractUnderTest, testContract } from "./contract.js";
import { testPurging } from "./purging.js";
import { testReading } from "./reading.js";
import { testReceiving } from "./receiving.js";
import { testReconciliation } from "./reconciliation.js";
import { testRows } from "./rows.js";
import type { MakeStoreUnderTest } from "./under-test.js";
import { testWriting } from "./writing.js";

/**
 * The acceptance suite of `LocalStore` and `StoreFactory`; runs in vitest.
 * @param make gives each test stores of its own.
 */
export function testStore(name: string, make: MakeStoreUnderTest): void {
	describe(`store: ${name}`, () => {
		testContract(async () => asContract(await make()));
		testWriting(make);
		testReading(make);
		testReceiving(make);
		testChains(make);
		testPurging(make);
		testReconciliation(make);
		testRows(make);
		testContents(make);
	});
}

/**
 * The acceptance suite of a `ContentAddressedStore` that is no `LocalStore`: a peer at the other end of a wire, a store of one's own.
 * @param make gives each test something empty.
 */
export function testContentAddressedStore(name: string, make: () => Promise<ContractUnderTest>): void {
	describe(`store: ${name}`, () => testContract(make));
}
