// Approving with a passkey: the browser's own question, asked when the button is pressed; its answer goes with the form.
(() => {
  "use strict";
  const button = document.querySelector("button[data-options]");
  if (!button || !window.PublicKeyCredential) return;
  const form = button.form, field = form.elements.credential, password = document.getElementById("by-password");
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  // The password stays one tap away; until it is opened it is not asked for.
  button.hidden = false;
  form.elements.password.required = false;
  password.open = false;
  password.querySelector("summary").hidden = false;
  password.addEventListener("toggle", () => { form.elements.password.required = password.open; });

  button.addEventListener("click", async (event) => {
    if (field.value) return; // answered: this press sends it
    event.preventDefault();
    form.elements.password.required = false;
    if (!form.reportValidity()) return;
    const options = JSON.parse(button.dataset.options);
    try {
      const shown = await navigator.credentials.get({ publicKey: { ...options, challenge: bytes(options.challenge),
        allowCredentials: options.allowCredentials.map((each) => ({ ...each, id: bytes(each.id) })) } });
      field.value = JSON.stringify({ id: shown.id, rawId: text(shown.rawId), type: shown.type,
        response: { authenticatorData: text(shown.response.authenticatorData), clientDataJSON: text(shown.response.clientDataJSON),
          signature: text(shown.response.signature) } });
      form.requestSubmit(button);
    } catch {
      form.querySelector(".wrong").hidden = false;
      password.open = true;
    }
  });
})();
