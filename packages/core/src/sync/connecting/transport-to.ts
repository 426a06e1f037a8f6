import type { Env } from "../../env.js";
import { UsageError } from "../../errors.js";
import type { Transport } from "../../transport.js";

/** The way to an address. @throws {UsageError} where addresses, or this one, cannot be reached. */
export function transportTo({ transportOf }: Pick<Env, "transportOf">, address: string): Transport {
	if (transportOf === undefined) throw new UsageError("sync: this platform reaches no addresses", { field: "address" });
	return transportOf(address);
}
