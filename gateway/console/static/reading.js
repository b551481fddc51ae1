// Times in the reader's zone and money as the reader writes it.
const FORMS = {
  full: { dateStyle: "medium", timeStyle: "medium" },
  day: { dateStyle: "medium", timeZone: "UTC" },
  short: { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" },
};
const STEPS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

function distance(date) {
  const seconds = (date - Date.now()) / 1000;
  const [unit, length] = STEPS.find(([, size]) => Math.abs(seconds) >= size) ?? STEPS.at(-1);
  return new Intl.RelativeTimeFormat(undefined, { numeric: "always", style: "short" })
    .format(Math.trunc(seconds / length), unit);
}

export function localise(root = document) {
  for (const each of root.querySelectorAll("time[datetime]")) {
    const date = new Date(each.dateTime);
    each.title ||= date.toLocaleString(undefined, { dateStyle: "full", timeStyle: "long" });
    each.textContent = each.dataset.form === "distance"
      ? distance(date)
      : new Intl.DateTimeFormat(undefined, FORMS[each.dataset.form] ?? FORMS.full).format(date);
  }
  for (const each of root.querySelectorAll("data.money")) {
    each.textContent = money(Number(each.value), each.dataset.currency);
  }
}

export function money(amount, currency) {
  try {
    return new Intl.NumberFormat(undefined, { style: "currency", currency }).format(amount);
  } catch {
    return `${amount.toLocaleString()} ${currency}`;
  }
}
