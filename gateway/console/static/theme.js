// Before anything is painted, so that no page flashes in the other colours.
const kept = localStorage.getItem("anomaly.theme");
if (kept) document.documentElement.dataset.theme = kept;
