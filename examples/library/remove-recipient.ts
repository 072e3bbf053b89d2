import { copyImage, parseRecipientId, removeRecipients } from "oci-enc";

// remove-recipient IMAGE SCHEME:ID
const [image = "", name = ""] = process.argv.slice(2);

const transform = await removeRecipients({
  match: [parseRecipientId(name)],
  progress: (event) => event.type === "warning" && console.error(event.message),
});
const { digest } = await copyImage(image, image, { transform });
console.log(digest);
