using System;
using System.IO;
using System.Threading;
using Hypervisor.Tool.Hosting;

namespace Hypervisor.Tool.Emulators;

/// <summary>Makes this terminal the console of a machine whose emulator leaves that to others. Ctrl-A X ends the machine, as with QEMU.</summary>
public sealed class TerminalSession : IDisposable
{
    private const int BufferBytes = 4096;
    private const byte Escape = 0x01; // Ctrl-A
    private const byte EndKey = (byte)'x';
    private const string TerminalDevice = "/dev/tty";
    private readonly Stream _line;
    private readonly Action _end;
    private readonly string? _settings;
    private readonly Thread _output;
    private bool _escaped;

    /// <summary>Takes the terminal.</summary>
    /// <param name="line">The machine's serial line.</param>
    /// <param name="end">Ends the machine.</param>
    public TerminalSession(Stream line, Action end)
    {
        _line = line;
        _end = end;
        _settings = Console.IsInputRedirected ? null : MakeRaw();
        _output = new Thread(CopyOutput) { IsBackground = true, Name = "terminal output" };
        _output.Start();
        new Thread(CopyInput) { IsBackground = true, Name = "terminal input" }.Start();
    }

    /// <summary>Whether the user has ended the machine.</summary>
    public bool Left { get; private set; }

    /// <summary>Gives the terminal back as it was.</summary>
    public void Dispose()
    {
        // The machine has ended, and with it the line: its last words are shown before the terminal changes.
        _output.Join();
        if (_settings is not null)
        {
            Configure(_settings);
        }
    }

    private static string? MakeRaw()
    {
        ProcessResult settings = HostProcess.Run("stty", "-F", TerminalDevice, "-g");
        if (!settings.Succeeded)
        {
            return null;
        }

        // Every key goes to the guest, Ctrl-C too, and the guest echoes.
        Configure("raw", "-echo");
        return settings.Output.Trim();
    }

    private static void Configure(params string[] settings)
    {
        HostProcess.Run("stty", ["-F", TerminalDevice, .. settings]);
    }

    private void CopyOutput()
    {
        using Stream terminal = Console.OpenStandardOutput();
        byte[] buffer = new byte[BufferBytes];
        try
        {
            int count;
            while ((count = _line.Read(buffer, 0, buffer.Length)) > 0)
            {
                terminal.Write(buffer, 0, count);
                terminal.Flush();
            }
        }
        catch (IOException)
        {
            // The emulator was killed.
        }
    }

    private void CopyInput()
    {
        using Stream keys = Console.OpenStandardInput();
        byte[] buffer = new byte[BufferBytes];
        try
        {
            int count;
            while ((count = keys.Read(buffer, 0, buffer.Length)) > 0)
            {
                for (int i = 0; i < count; i++)
                {
                    Accept(buffer[i]);
                }
            }
        }
        catch (Exception failure) when (failure is IOException or ObjectDisposedException)
        {
            // The machine has ended.
        }
    }

    private void Accept(byte key)
    {
        bool escaped = _escaped;
        _escaped = !escaped && key == Escape;
        if (escaped && (key | 0x20) == EndKey)
        {
            Left = true;
            _end();
        }
        else if (!_escaped)
        {
            _line.WriteByte(key);
            _line.Flush();
        }
    }
}
