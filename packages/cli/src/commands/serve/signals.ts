/** Resolves when the process is asked to stop. A second time it stops at once, as it would by itself. @param onHangup at each SIGHUP. */
export async function untilStopped(onHangup: () => Promise<void>): Promise<void> {
	// Nothing of a server that is idle keeps a process alive but its port, and that may be closed first.
	const alive = setInterval(() => {}, 2 ** 30);
	const hangup = () => void onHangup();
	process.on("SIGHUP", hangup);
	try {
		await new Promise<void>((resolve) => {
			const stop = () => {
				process.off("SIGINT", stop);
				process.off("SIGTERM", stop);
				resolve();
			};
			process.on("SIGINT", stop);
			process.on("SIGTERM", stop);
		});
	} finally {
		process.off("SIGHUP", hangup);
		clearInterval(alive);
	}
}
