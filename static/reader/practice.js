// The practice block: after each answer the reader is told what an expert says, then goes on.

const KEPT = "Practice needs the connection, which is away. Your answer is kept here; the comment follows when it is back.";

export class Practice {
  holding = false; // an answer is given, the next case waits
  #place = document.getElementById("feedback");

  hold(isOffline) {
    this.holding = true;
    this.isTold = false;
    this.#say(isOffline ? KEPT : "Waiting for the comment …");
  }

  // Practice without a comment goes on at once.
  tell(text) {
    if (!this.holding) return;
    this.isTold = true;
    this.#say(text);
    if (!text) return this.end();
  }

  connected(isOnline) {
    if (this.holding && !this.isTold && !isOnline) this.#say(KEPT);
  }

  // True if the reader may go on.
  end() {
    if (!this.isTold) return false;
    this.holding = false;
    this.#say("");
    return true;
  }

  #say(text) {
    this.#place.textContent = text;
  }
}
