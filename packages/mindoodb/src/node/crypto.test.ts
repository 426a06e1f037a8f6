import { testCrypto } from "@mindoodb/testing";
import { nodeCrypto } from "./crypto.js";

testCrypto("nodeCrypto", async () => nodeCrypto());
