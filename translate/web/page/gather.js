// Files that are picked, dropped, pasted or photographed.

const byId = (id) => document.getElementById(id);

export function tell(text) {
  byId("notice").textContent = text;
  byId("notice").hidden = !text;
}

// Calls `onFiles` with each non-empty list of files.
export function gather(onFiles) {
  const take = (files) => {
    const found = [...files];
    if (!found.length) return;
    tell("");
    onFiles(found);
  };
  pickedBy("choose", "files", take);
  pickedBy("camera", "shot", take);
  takeDrops(take);
}

function pickedBy(buttonId, inputId, take) {
  byId(buttonId).addEventListener("click", () => byId(inputId).click());
  byId(inputId).addEventListener("change", (event) => {
    take(event.target.files);
    event.target.value = ""; // so that the same file can be picked again
  });
}

function takeDrops(take) {
  const isFile = (event) => event.dataTransfer?.types.includes("Files");
  const mark = (over) => byId("drop").classList.toggle("over", over);
  addEventListener("dragover", (event) => {
    if (!isFile(event)) return;
    event.preventDefault();
    mark(true);
  });
  addEventListener("dragleave", (event) => event.relatedTarget ?? mark(false));
  addEventListener("drop", (event) => {
    if (!isFile(event)) return;
    event.preventDefault();
    mark(false);
    take(event.dataTransfer.files);
  });
  addEventListener("paste", (event) => take(event.clipboardData?.files ?? []));
}
