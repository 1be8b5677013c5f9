using System;
using System.IO;
using System.Text;
using System.Threading;
using Hypervisor.Tool.Hosting;

namespace Hypervisor.Tool.Emulators;

/// <summary>Presses a key whenever the UEFI Shell counts down five seconds before its start-up script.</summary>
/// <remarks>It reads the log of the console rather than the console, which may belong to the user's terminal.</remarks>
public sealed class ShellCountdown : IDisposable
{
    private const string Announcement = "seconds to skip";
    private const string Key = "ret";
    private static readonly TimeSpan _interval = TimeSpan.FromMilliseconds(50);
    private readonly string _log;
    private readonly QemuMonitor _monitor;
    private readonly CancellationTokenSource _ended = new();
    private readonly Thread _thread;

    /// <summary>Begins to watch a log.</summary>
    public ShellCountdown(string log, QemuMonitor monitor)
    {
        _log = log;
        _monitor = monitor;
        _thread = new Thread(Watch) { IsBackground = true, Name = "shell count-down" };
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
        try
        {
            while (!_ended.Token.WaitHandle.WaitOne(_interval))
            {
                seen = Look(seen);
            }
        }
        catch (Exception failure) when (failure is IOException or HvException or ObjectDisposedException)
        {
            // The machine has ended; the count-down costs five seconds at worst, so this is never worth a failed run.
        }
    }

    private long Look(long seen)
    {
        if (!File.Exists(_log))
        {
            return 0;
        }

        using FileStream stream = new(_log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        // A little of what was seen is read again: the announcement may have been cut in two.
        long from = Math.Max(0, seen - Announcement.Length + 1);
        byte[] text = new byte[stream.Length - from];
        stream.Position = from;
        stream.ReadExactly(text);
        if (Encoding.ASCII.GetString(text).Contains(Announcement, StringComparison.Ordinal))
        {
            _monitor.PressKey(Key);
        }

        return from + text.Length;
    }
}
