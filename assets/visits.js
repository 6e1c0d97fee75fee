// What was drawn, kept in this browser over a reload (IndexedDB): the newest pictures, within a number, a size and a day; the oldest go first.
(() => {
  const NAME = "generative-playground", STORE = "pictures", MOST = 24, BYTES = 20e6, MILLISECONDS = 24 * 3600e3;
  // how many of the runs, newest first, are within all three limits
  const within = (runs, now = Date.now()) => {
    let size = 0, count = 0;
    for (const { bytes, at } of runs) {
      size += bytes.length;
      if (count === MOST || size > BYTES || now - at > MILLISECONDS) break;
      count += 1;
    }
    return count;
  };
  const asked = (request) => new Promise((done, fail) => { request.onsuccess = () => done(request.result); request.onerror = () => fail(request.error); });
  // one transaction; a browser without a store, and one whose store is full, reject
  const inStore = async (mode, work) => {
    const opening = indexedDB.open(NAME, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE, { keyPath: "id", autoIncrement: true });
    const base = await asked(opening);
    try {
      const transaction = base.transaction(STORE, mode);
      const ended = new Promise((done, fail) => { transaction.oncomplete = done; transaction.onabort = transaction.onerror = () => fail(transaction.error); });
      ended.catch(() => {});
      const found = await work(transaction.objectStore(STORE));
      await ended;
      return found;
    } finally { base.close(); }
  };

  // The store of one page: its works follow each other; the first that fails is told in one sentence, and nothing else is kept from then on.
  window.playgroundVisits = (tell) => {
    let last = Promise.resolve(), closed = false;
    const later = (work) => (last = last.then(async () => {
      if (closed) return undefined;
      try { return await work(); } catch (error) {
        closed = true;
        tell(error?.name === "QuotaExceededError"
          ? "This browser has no room left for what you draw: a reload empties this list, so download what you want to keep."
          : "This browser keeps nothing for this page (a private window, perhaps): a reload empties this list, so download what you want to keep.");
        return undefined;
      }
    }));
    return {
      // all that is kept, newest first
      all: () => later(async () => {
        const runs = (await inStore("readonly", (store) => asked(store.getAll()))).reverse();
        return runs.slice(0, within(runs));
      }),
      // keeps a run, which gets its id, and lets go of what is beyond the limits
      keep: (run) => later(async () => {
        const { settings, bytes, name, at } = run;
        run.id = await inStore("readwrite", async (store) => {
          const id = await asked(store.add({ settings, bytes, name, at })), runs = (await asked(store.getAll())).reverse();
          for (const old of runs.slice(within(runs))) store.delete(old.id);
          return id;
        });
      }),
      drop: (run) => later(() => (run.id === undefined ? undefined : inStore("readwrite", (store) => asked(store.delete(run.id))))),
      clear: () => later(() => inStore("readwrite", (store) => asked(store.clear()))),
      within,
    };
  };
  window.playgroundVisits.within = within;
})();
