// A character in doubt is settled when its field is left, or by Enter: also with the label that was there.
function send(input) {
  const label = input.value.trim();
  if (label) trigger("click", { place: Number(input.dataset.place), label });
}
element.addEventListener("change", (event) => {
  if (event.target.matches("input")) {
    event.stopPropagation();
    send(event.target);
  }
});
element.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches("input")) {
    event.preventDefault();
    send(event.target);
  }
});
