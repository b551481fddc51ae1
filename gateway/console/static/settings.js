// Forms and buttons that name the request they make.
import { call, sentence, tell } from "./api.js";

const secret = document.getElementById("secret");

for (const field of document.querySelectorAll("[data-default]")) {
  const date = new Date(field.dataset.default);
  field.value = new Date(date - date.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
}

function value(field) {
  if (field.type === "checkbox") return field.checked;
  if (field.type === "number") return Number(field.value);
  if (field.type === "datetime-local") return new Date(field.value).toISOString();
  return "list" in field.dataset ? [field.value] : field.value;
}

async function send(request, body) {
  const [method, path] = request.split(" ");
  try {
    const found = await call(method, path, body);
    const shown = found?.data?.token ?? found?.data?.secret;
    if (!shown) {
      location.reload();
      return;
    }
    secret.querySelector("kbd").textContent = shown;
    secret.hidden = false;
    secret.scrollIntoView();
  } catch (error) {
    tell(sentence(error), true);
  }
}

secret?.querySelector("button").addEventListener("click", () => location.reload());
for (const form of document.querySelectorAll("form[data-call]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const fields = [...form.elements].filter((each) => each.name);
    send(form.dataset.call, Object.fromEntries(fields.map((each) => [each.name, value(each)])));
  });
}
for (const button of document.querySelectorAll("button[data-call]")) {
  button.addEventListener("click", () => {
    const { confirm: question, body } = button.dataset;
    if (!question || confirm(question)) send(button.dataset.call, body ? JSON.parse(body) : undefined);
  });
}
