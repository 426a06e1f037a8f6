/**
 * The operations of an Automerge change: columns, read strictly. Columns stand in the order of the table, each at most once;
 * those marked * only when they say something.
 *
 * | specification | column             | encoding       | rows                                              |
 * |---------------|--------------------|----------------|---------------------------------------------------|
 * | 01 *          | object's actor     | runs of uLEB   | index of an actor, null for the root map          |
 * | 02 *          | object's counter   | runs of uLEB   | null for the root map                             |
 * | 11 *          | key's actor        | runs of uLEB   | null for a string key and for the head of a list  |
 * | 13 *          | key's counter      | delta          | 0 for the head of a list, null for a string key   |
 * | 15 *          | key                | runs of strings | null for an element                              |
 * | 34            | insert             | boolean        |                                                   |
 * | 42            | action             | runs of uLEB   | see `actions`                                     |
 * | 56            | value's metadata   | runs of uLEB   | see `change-values.ts`                            |
 * | 57 *          | values             | raw            |                                                   |
 * | 70            | predecessors       | runs of uLEB   | how many                                          |
 * | 71 *          | their actors       | runs of uLEB   |                                                   |
 * | 73 *          | their counters     | delta          | ascending within an operation                     |
 * | 94 *          | mark expands       | boolean        |                                                   |
 * | a5 *          | name of a mark     | runs of strings | null for all others                              |
 *
 * Actor 0 is the change's own, 1 and above are the other actors of its head. An empty change has no columns.
 *
 * Source: automerge.org/automerge-binary-format-spec, "Operation Columns".
 */
export const columns = {
	objectActor: 0x01,
	objectCounter: 0x02,
	keyActor: 0x11,
	keyCounter: 0x13,
	key: 0x15,
	insert: 0x34,
	action: 0x42,
	valueMetadata: 0x56,
	value: 0x57,
	predecessors: 0x70,
	predecessorActor: 0x71,
	predecessorCounter: 0x73,
	expand: 0x94,
	markName: 0xa5,
} as const;

export const actions = {
	makeMap: 0,
	set: 1,
	makeList: 2,
	delete: 3,
	makeText: 4,
	increment: 5,
	makeTable: 6,
	mark: 7,
} as const;
