import { it } from "vitest";
import { fuzz } from "./before-channel.mjs";

it("10,000 damaged streams of records, signals and questions of operators", () => fuzz(10_000, 1));
