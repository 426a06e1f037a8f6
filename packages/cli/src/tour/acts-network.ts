/** What the tour shows of the network: an edit that arrives at once, and a file whose connection is cut. */
import { splice } from "mindoodb";
import { bytesText } from "../text.js";
import { written } from "./acts.js";
import { attachedBytes, attachedFile } from "./attached-file.js";
import { digestOf, type FileDocument } from "./library.js";
import { connectLive, soon, syncWithServer } from "./network.js";
import type { TourReport } from "./report.js";
import type { Stage } from "./tour.js";

/** What may be on the way when the line is cut, and what frames, headers and a new handshake need. */
const spareBytes = 256 * 1024;

export async function liveEdit(stage: Stage, report: TourReport): Promise<void> {
	const { first, second } = stage;
	const id = [...stage.ids.values()][0] as string;
	const handles = await Promise.all([connectLive(first, stage), connectLive(second, stage)]);
	try {
		await report.step("an edit while both are connected", async () => {
			const seen = new Promise<void>((resolve) => {
				second.db.onChange(() => resolve(), id);
			});
			await first.db.changeDoc<FileDocument>(id, (draft) => {
				splice(draft as never, ["text"], 0, 0, `${written.live}\n`);
			});
			await soon(seen);
			const { text = "" } = (await second.db.getDocument(id))?.getData<FileDocument>() ?? {};
			await report.check("the second member sees it at once", text.startsWith(written.live));
			return { count: "1 edit seen" };
		});
	} finally {
		await Promise.all(handles.map((handle) => handle.close()));
	}
	await report.check("both show the same afterwards", (await digestOf(first.db)) === (await digestOf(second.db)));
}

export async function cutAttachment(stage: Stage, report: TourReport): Promise<void> {
	const { first, second, wire } = stage;
	const id = [...stage.ids.values()][0] as string;
	const data = attachedFile();
	let attachmentId = "";
	await report.step("attach a file, and cut the connection half-way", async () => {
		await first.db.changeDoc(id, async (_, attachments) => {
			attachmentId = await attachments.addAttachment(data, written.fileName, "application/octet-stream");
		});
		const before = wire.up;
		wire.cutAfter(attachedBytes / 2);
		const cut = await syncWithServer(first, stage).then(
			() => false,
			() => true,
		);
		const arrived = wire.up - before;
		await stage.server.alone();
		await report.check("the connection is cut before all is there", cut && arrived === attachedBytes / 2);
		return { count: "1 cut", bytes: arrived };
	});
	await report.step("connect again: only the rest is sent", async () => {
		const before = wire.up;
		await syncWithServer(first, stage);
		const sent = wire.up - before;
		const most = attachedBytes / 2 + spareBytes;
		await report.check("what had arrived is not sent again", sent < most, `${bytesText(sent)} were sent again`);
		return { count: "1 file whole", bytes: sent };
	});
	await report.step("the second member reads it", async () => {
		await syncWithServer(second, stage);
		const read = await (await second.db.getDocument(id))?.getAttachment(attachmentId);
		await report.check("byte for byte", read !== undefined && Buffer.compare(read, data) === 0);
		return { count: "1 file", bytes: read?.length ?? 0 };
	});
}
