/** An edit that sets one field of a document's root, for `changeDoc` and the settings calls. */
export function setField(key: string, value: unknown): (draft: Record<string, unknown>) => void {
	return (draft) => {
		draft[key] = value;
	};
}
