// What this browser keeps under a name, as JSON, read and written whole; in memory only where it keeps nothing.

export function shelf(key) {
  let memory = null;

  return {
    // What was written last; null when there is nothing, or nothing that can be read.
    read() {
      try {
        const text = memory === null ? localStorage.getItem(key) : memory;
        return text ? JSON.parse(text) : null;
      } catch {
        return null;
      }
    },
    write(value) {
      const text = JSON.stringify(value);
      try {
        localStorage.setItem(key, text);
        memory = null;
      } catch {
        memory = text;
      }
    },
    // True while a reload finds what was written.
    kept: () => memory === null,
  };
}
