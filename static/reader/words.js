// What the reader is told when the reading stops.

const answers = (n) => (n === 1 ? "1 answer" : `${n} answers`);

const kept = ({ kept: n }) =>
  n ? ` ${answers(n)} not sent yet stay on this device and will be sent then.` : "";

export const REASONS = {
  rest: (n) => n
    ? `You have read ${n} ${n === 1 ? "case" : "cases"} since the last break. The clock stands still ` +
      "and the image is hidden until you go on."
    : "The clock stands still and the image is hidden until you go on.",
};

export const HALTS = {
  signed_out: (config, news) => ({
    title: "You are signed out",
    text: `Sign in again in a new tab, then come back to this one.${kept(news)}`,
    link: config.urls.sign_in, label: "Sign in", fresh: true,
  }),
  other_person: (config, news) => ({
    title: "Somebody else is signed in",
    text: `This page belongs to another account. Sign in as before to go on.${kept(news)}`,
    link: config.urls.sign_in, label: "Sign in", fresh: true,
  }),
  paused: (config, news) => ({
    title: "The study is paused",
    text: `Its editors have paused the reading. You can close this page and come back later.${kept(news)}`,
    link: config.urls.list, label: "To your studies",
  }),
  closed: (config, news) => ({
    title: "The study is closed",
    text: news.kept
      ? `${answers(news.kept)} had not reached the server before the study was closed and cannot be counted any more. All others are stored.`
      : "All your answers are stored. Thank you for reading.",
    link: config.urls.list, label: "To your studies",
  }),
  not_reading: (config, news) => ({
    title: "You cannot read here now",
    text: `${news.message || "This part is not open to you."}${kept(news)}`,
    link: config.urls.list, label: "To your studies",
  }),
  part_done: (config) => ({
    title: `Part ${config.part.order} is finished`,
    text: "All your answers are stored. A different question comes next: this is a good moment for a break.",
    link: config.urls.screen, label: "Go on to the next part",
  }),
  washout: (config, news) => ({
    title: `Part ${config.part.order} is finished`,
    text: `All your answers are stored. The next part opens on ${new Date(news.opens_at).toLocaleString()}.`,
    link: config.urls.list, label: "To your studies",
  }),
  finished: (config) => ({
    title: "You have read every case",
    text: "All your answers are stored. Thank you: your part in this study is complete.",
    link: config.urls.list, label: "To your studies",
  }),
};
