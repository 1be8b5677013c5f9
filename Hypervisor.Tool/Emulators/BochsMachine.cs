using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using Hypervisor.Tool.Setup;

namespace Hypervisor.Tool.Emulators;

/// <summary>A machine emulated by Bochs.</summary>
public sealed class BochsMachine : Machine
{
    // What Linux says when it has nobody to switch the machine off.
    private const string Halted = "reboot: System halted";
    // What Bochs says when the guest switches the machine off; its exit code is that of a failure then.
    private const string PoweredOff = "soft power off";
    // What Bochs says at power-on, and whenever the guest resets the machine.
    private const string Reset = "bx_pc_system_c::Reset(";
    private static readonly TimeSpan _connectLimit = TimeSpan.FromSeconds(30);
    private readonly BochsOptions _options;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private Task? _debuggerLog;
    private TerminalSession? _terminal;
    private LogWatch? _haltWatch;
    private LogWatch? _resetWatch;
    private int _resets;
    private volatile bool _ended;

    /// <summary>Creates the machine; its disk must be in the folder when it starts.</summary>
    public BochsMachine(BochsOptions options, RunFolder folder)
        : base(options, folder)
    {
        _options = options;
    }

    /// <inheritdoc/>
    protected override ProcessStartInfo Describe()
    {
        // Bochs connects to the host, not the host to Bochs: so the kernel chooses the port, and runs side by side do not collide.
        _listener.Start();
        int port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        File.WriteAllText(Folder.BochsConfiguration, BochsConfiguration.Build(_options, Folder, port));
        File.WriteAllText(Folder.DebuggerCommands, BochsConfiguration.DebuggerCommands);
        return new ProcessStartInfo(HostTools.Bochs, ["-q", "-f", Folder.BochsConfiguration, "-rc", Folder.DebuggerCommands])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
    }

    /// <inheritdoc/>
    protected override SerialConsole? OpenConsole(Process process)
    {
        // The debugger must not wait for commands.
        process.StandardInput.Close();
        _debuggerLog = CopyToFileAsync(process.StandardOutput.BaseStream, Folder.DebuggerLog);
        Stream line = new LoggedStream(Accept(process), Folder.SerialLog);
        if (!_options.Interactive)
        {
            return new SerialConsole(line, line, _options.Echo);
        }

        _terminal = new TerminalSession(line, Stop);
        return null;
    }

    /// <inheritdoc/>
    protected override void OnStarted()
    {
        _haltWatch = new LogWatch(Folder.SerialLog, Halted, End);
        if (!_options.AllowReset)
        {
            // Bochs cannot be told to end at a reset, and a breakpoint at its first instruction makes all others slow.
            _resetWatch = new LogWatch(Folder.EmulatorLog, Reset, OnReset);
        }
    }

    /// <inheritdoc/>
    protected override int ExitCode(Process process)
    {
        bool ended = _ended || _terminal is { Left: true }
            || RunReport.ReadLines(Folder.EmulatorLog).Any(line => line.Contains(PoweredOff, StringComparison.Ordinal));
        return ended ? 0 : process.ExitCode;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _haltWatch?.Dispose();
        _resetWatch?.Dispose();
        _terminal?.Dispose();
        _debuggerLog?.Wait(_connectLimit);
        _listener.Dispose();
    }

    private NetworkStream Accept(Process process)
    {
        using CancellationTokenSource limit = new(_connectLimit);
        process.EnableRaisingEvents = true;
        process.Exited += (_, _) => TryCancel(limit);
        try
        {
            Socket socket = _listener.AcceptSocketAsync(limit.Token).AsTask().GetAwaiter().GetResult();
            // Keys are single bytes, and somebody waits for their echo.
            socket.NoDelay = true;
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (OperationCanceledException)
        {
            throw new MachineException($"Bochs did not start; the logs are in {Folder.Path}.", Folder);
        }
    }

    private static void TryCancel(CancellationTokenSource source)
    {
        try
        {
            source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The machine has ended long after its console was opened.
        }
    }

    private void OnReset()
    {
        // The first one is power-on.
        if (_resets++ > 0)
        {
            End();
        }
    }

    private void End()
    {
        _ended = true;
        Stop();
    }
}
