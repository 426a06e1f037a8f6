/** What must hold in every world, whatever happens. */
export type Invariant =
	/** What `changeDoc` said is durable outlives the process that said it. */
	| "own writes outlive a crash"
	/** What a peer acknowledged is on its disk after its crash. */
	| "what was acknowledged outlives a crash"
	/** What was said to be durable is shown to everybody in the end. */
	| "nothing that was said to be durable is lost"
	| "equal sets and keys show equal documents and verdicts"
	| "no unauthorised entry is shown"
	/** Once faults have stopped, in bounded time, with nothing left unacknowledged. */
	| "everyone who stays connected converges"
	| "no disk and no wire carries plaintext"
	| "handles and sessions come to nothing"
	/** No error that is not of the family, and nothing that never comes back. */
	| "nothing fails in another way than it says";

/** An invariant that did not hold. */
export class Violation extends Error {
	readonly invariant: Invariant;

	constructor(invariant: Invariant, message: string, cause?: unknown) {
		super(`${invariant}: ${message}`, cause === undefined ? undefined : { cause });
		this.name = "Violation";
		this.invariant = invariant;
	}
}
