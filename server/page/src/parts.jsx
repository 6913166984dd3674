// Small parts that are used all over the page.

import { cloneElement } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";

export function Panel({ id, title, note, actions, children, className = "" }) {
  return (
    <section class={`panel ${className}`} aria-labelledby={id}>
      <div class="head">
        <h2 id={id}>{title}</h2>
        {note && <span class="note">{note}</span>}
        {actions}
      </div>
      {children}
    </section>
  );
}

export function Dialog({ title, onClose, children, wide }) {
  const ref = useRef();
  const id = useId();
  useEffect(() => {
    const before = document.activeElement;
    ref.current.showModal();
    return () => before?.isConnected && before.focus();
  }, []);
  return (
    <dialog ref={ref} class={wide ? "wide" : ""} aria-labelledby={id} onClose={onClose}>
      <div class="head">
        <h2 id={id}>{title}</h2>
        <button type="button" class="quiet" onClick={() => ref.current.close()}>Close</button>
      </div>
      {children}
    </dialog>
  );
}

// A table that scrolls by itself where it is too wide or too long.
export function Table({ caption, head, rows, empty = "Nothing.", id }) {
  if (!rows.length) return <p class="note">{empty}</p>;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={caption}>
      <table id={id}>
        <caption>{caption}</caption>
        <thead>
          <tr>{head.map((cell) => <th scope="col" class={cell.number ? "number" : ""} key={cell.name ?? cell}>{cell.name ?? cell}</th>)}</tr>
        </thead>
        <tbody>
          {rows.map(({ key, cells, className }) => (
            <tr key={key} class={className}>
              {cells.map((cell, at) => {
                const of = head[at].number ? "number" : "";
                return at === 0 ? <th scope="row" class={of} key={at}>{cell}</th> : <td class={of} key={at}>{cell}</td>;
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export const num = (name) => ({ name, number: true });

export function Wrong({ problem }) {
  if (!problem) return null;
  return (
    <p class="wrong" role="alert">
      <strong>{problem.field ? `${problem.field}: ` : ""}{problem.message}</strong>
      {problem.help && <span> {problem.help}</span>}
    </p>
  );
}

// Runs what a button does, with what came of it.
export function useTask() {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState(null);
  const run = async (work) => {
    setBusy(true);
    setProblem(null);
    try {
      return await work();
    } catch (error) {
      setProblem(error);
      return undefined;
    } finally {
      setBusy(false);
    }
  };
  return { busy, problem, run };
}

// What is asked for again whenever one of `inputs` changes; an answer that comes too late is not shown.
export function useAnswer(work, inputs) {
  const [answer, setAnswer] = useState({ value: null, problem: null });
  useEffect(() => {
    let late = false;
    work().then(
      (value) => late || setAnswer({ value, problem: null }),
      (problem) => late || setAnswer(({ value }) => ({ value, problem })),
    );
    return () => {
      late = true;
    };
  }, inputs);
  return answer;
}

// A label with its control, which is named by the label alone; the hint describes it.
export function Field({ label, hint, children }) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {cloneElement(children, { id, "aria-describedby": hint ? `${id}-hint` : undefined })}
      {hint && <small id={`${id}-hint`}>{hint}</small>}
    </div>
  );
}

// Text, with a handler that gets what is written.
export const Text = ({ onText, ...rest }) => <input type="text" autoComplete="off" onInput={(event) => onText(event.currentTarget.value)} {...rest} />;

export function Choice({ options, onChoice, ...rest }) {
  return (
    <select onChange={(event) => onChoice(event.currentTarget.value)} {...rest}>
      {options.map((option) => {
        const [value, words] = Array.isArray(option) ? option : [option, option];
        return <option value={value} key={value}>{words}</option>;
      })}
    </select>
  );
}

// A name with dots may break after them, and nowhere else.
export const Name = ({ of }) => of.split(".").flatMap((part, at) => (at ? [".", <wbr key={at} />, part] : [part]));

export const Flag = ({ flag }) => (flag ? <span class={`flag ${flag}`}>{flag}</span> : null);

export function download(name, text, type) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

// A button that opens a file and hands over its text.
export function OpenFile({ label, accept, onText }) {
  const input = useRef();
  const open = async (event) => {
    const [file] = event.currentTarget.files;
    input.current.value = "";
    if (file) onText(await file.text(), file.name);
  };
  return (
    <>
      <input ref={input} type="file" accept={accept} hidden onChange={open} aria-label={label} />
      <button type="button" class="quiet" onClick={() => input.current.click()}>{label}</button>
    </>
  );
}
