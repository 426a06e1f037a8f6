export {
	ProjectTransfer,
	type ProjectTransferOptions,
	type TransferOptions,
	type TransferResult,
	type Transferred,
} from "./project-transfer.js";
export type { Conflict } from "./transfer-plan.js";
