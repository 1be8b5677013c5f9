using System;
using System.IO;
using System.Text;
using System.Text.RegularExpressions;
using System.Threading;

namespace Hypervisor.Tool.Emulators;

/// <summary>The host's end of a serial line: all that came over it, and a way to wait for what comes next.</summary>
public sealed class SerialConsole
{
    private const int BufferBytes = 4096;
    private readonly Lock _gate = new();
    private readonly StringBuilder _received = new();
    private readonly ManualResetEventSlim _changed = new();
    private readonly Stream _output;
    private readonly Stream _input;
    private readonly TextWriter? _echo;
    private int _consumed;
    private bool _closed;

    /// <summary>Creates the console on a machine's output and input, and begins to read.</summary>
    /// <param name="output">What the machine sends.</param>
    /// <param name="input">What the machine receives.</param>
    /// <param name="echo">Where to show live what the machine sends, if anywhere.</param>
    public SerialConsole(Stream output, Stream input, TextWriter? echo)
    {
        _output = output;
        _input = input;
        _echo = echo;
        new Thread(Read) { IsBackground = true, Name = "serial console" }.Start();
    }

    /// <summary>All that came so far, as text.</summary>
    public string Text
    {
        get
        {
            lock (_gate)
            {
                return _received.ToString();
            }
        }
    }

    /// <summary>Sends text as if typed.</summary>
    public void Send(string text)
    {
        _input.Write(Encoding.UTF8.GetBytes(text));
        _input.Flush();
    }

    /// <summary>Waits until a pattern appears after the last one found.</summary>
    /// <returns>The match, or null if the time is up or the machine has ended without it.</returns>
    public Match? WaitFor(Regex pattern, TimeSpan limit)
    {
        DateTime deadline = DateTime.UtcNow + limit;
        while (true)
        {
            bool closed;
            lock (_gate)
            {
                _changed.Reset();
                closed = _closed;
                string unseen = _received.ToString(_consumed, _received.Length - _consumed);
                Match match = pattern.Match(unseen);
                if (match.Success)
                {
                    _consumed += match.Index + match.Length;
                    return match;
                }
            }

            TimeSpan left = deadline - DateTime.UtcNow;
            if (closed || left <= TimeSpan.Zero || !_changed.Wait(left))
            {
                return null;
            }
        }
    }

    private void Read()
    {
        TerminalFilter filter = new();
        byte[] buffer = new byte[BufferBytes];
        int count;
        while ((count = ReadSome(buffer)) > 0)
        {
            string text = filter.Strip(buffer.AsSpan(0, count));
            _echo?.Write(text);
            lock (_gate)
            {
                _received.Append(text);
                _changed.Set();
            }
        }

        lock (_gate)
        {
            _closed = true;
            _changed.Set();
        }
    }

    private int ReadSome(byte[] buffer)
    {
        try
        {
            return _output.Read(buffer);
        }
        catch (Exception failure) when (failure is IOException or ObjectDisposedException)
        {
            return 0;
        }
    }
}
