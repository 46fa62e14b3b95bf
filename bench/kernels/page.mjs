// Starts the worker and waits for its figures.
export default (task) =>
  new Promise((resolve, reject) => {
    const worker = new Worker('/bench/kernels/worker.mjs', { type: 'module' });
    worker.onmessage = ({ data }) => {
      worker.terminate();
      resolve(data);
    };
    worker.onerror = (event) => reject(new Error(event.message));
    worker.postMessage(task);
  });
