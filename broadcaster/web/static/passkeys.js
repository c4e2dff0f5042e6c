// Hands a passkey's question to the browser and its answer to the form. The page says in words what happens.
(() => {
  "use strict";
  const form = document.getElementById("passkey");
  if (!form) return;
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const described = (list) => (list || []).map((each) => ({ ...each, id: bytes(each.id) }));

  const create = async (options) => {
    const made = await navigator.credentials.create({ publicKey: {
      ...options, challenge: bytes(options.challenge), user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: described(options.excludeCredentials) } });
    return { id: made.id, rawId: text(made.rawId), type: made.type, extensions: JSON.stringify(made.getClientExtensionResults()),
      response: { attestationObject: text(made.response.attestationObject), clientDataJSON: text(made.response.clientDataJSON),
        transports: made.response.getTransports ? made.response.getTransports() : [] } };
  };
  const get = async (options) => {
    const shown = await navigator.credentials.get({ publicKey: {
      ...options, challenge: bytes(options.challenge), allowCredentials: described(options.allowCredentials) } });
    return { id: shown.id, rawId: text(shown.rawId), type: shown.type,
      assertionClientExtensions: JSON.stringify(shown.getClientExtensionResults()),
      response: { authenticatorData: text(shown.response.authenticatorData), clientDataJSON: text(shown.response.clientDataJSON),
        signature: text(shown.response.signature), userHandle: text(shown.response.userHandle || new ArrayBuffer(0)) } };
  };

  const ask = form.dataset.passkey === "create" ? create : get;
  ask(JSON.parse(form.dataset.options)).then((answer) => {
    form.elements.credential.value = JSON.stringify(answer);
    form.submit();
  }).catch(() => { form.querySelector(".wrong").hidden = false; form.querySelector("[role=status]").hidden = true; });
})();
