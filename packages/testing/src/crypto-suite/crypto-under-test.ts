import type { Crypto } from "@mindoodb/core";

/** The adapter under test; ready when the tests run. */
export type CryptoUnderTest = () => Crypto;
