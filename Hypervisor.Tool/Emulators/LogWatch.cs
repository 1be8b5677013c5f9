using System;
using System.IO;
using System.Text;
using System.Threading;

namespace Hypervisor.Tool.Emulators;

/// <summary>Does something whenever a text appears in a log that another process writes.</summary>
/// <remarks>Logs are watched rather than the console, which may belong to the user's terminal.</remarks>
public sealed class LogWatch : IDisposable
{
    private static readonly TimeSpan _interval = TimeSpan.FromMilliseconds(50);
    private readonly string _log;
    private readonly string _text;
    private readonly Action _action;
    private readonly CancellationTokenSource _ended = new();
    private readonly Thread _thread;

    /// <summary>Begins to watch a log, which need not be there yet.</summary>
    public LogWatch(string log, string text, Action action)
    {
        _log = log;
        _text = text;
        _action = action;
        _thread = new Thread(Watch) { IsBackground = true, Name = "log watch" };
        _thread.Start();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ended.Cancel();
        _thread.Join();
        _ended.Dispose();
    }

    private void Watch()
    {
        long seen = 0;
        while (!_ended.Token.WaitHandle.WaitOne(_interval))
        {
            seen = File.Exists(_log) ? Look(seen) : 0;
        }
    }

    private long Look(long seen)
    {
        using FileStream stream = new(_log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        // A little of what was seen is read again, for the text may have been cut in two; too little for it to be found twice.
        long from = Math.Max(0, seen - _text.Length + 1);
        byte[] next = new byte[stream.Length - from];
        stream.Position = from;
        stream.ReadExactly(next);
        if (Encoding.ASCII.GetString(next).Contains(_text, StringComparison.Ordinal))
        {
            _action();
        }

        return from + next.Length;
    }
}
