import { Dm3Error, type Dm3ErrorCode } from "@mindoodb/formats/dm3";
import { FormatError, KeyError, type MindooError, StoreError, UsageError } from "mindoodb";

const faults: Record<Dm3ErrorCode, (message: string, cause: unknown) => MindooError> = {
	argument: (message, cause) => new UsageError(message, { cause }),
	value: (message, cause) => new UsageError(message, { cause }),
	envelope: (message, cause) => new UsageError(message, { cause }),
	"too-large": (message, cause) => new UsageError(message, { cause }),
	payload: (message, cause) => new FormatError(message, { cause }),
	container: (message, cause) => new FormatError(message, { cause }),
	record: (message, cause) => new FormatError(message, { cause }),
	"cannot-decrypt": (message, cause) => new KeyError(message, { code: "key-mismatch", cause }),
	missing: (message, cause) => new StoreError(message, { code: "store-damaged", cause }),
};

/** Lets the errors of the format and of the file system be told like those of the database. */
export async function withFaults<T>(work: () => Promise<T>): Promise<T> {
	try {
		return await work();
	} catch (cause) {
		if (cause instanceof Dm3Error) throw faults[cause.code](cause.message, cause);
		const { code, syscall } = cause as { code?: unknown; syscall?: unknown };
		if (typeof syscall === "string") throw new StoreError(`the store cannot be used (${String(code)})`, { cause });
		throw cause;
	}
}
