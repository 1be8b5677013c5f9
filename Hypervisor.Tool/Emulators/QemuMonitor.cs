using System;
using System.IO;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading;
using Hypervisor.Tool.Hosting;

namespace Hypervisor.Tool.Emulators;

/// <summary>The control connection to a QEMU machine (QEMU machine protocol).</summary>
public sealed class QemuMonitor : IDisposable
{
    private const string AbstractPrefix = "\0";
    private static readonly TimeSpan _connectLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan _connectInterval = TimeSpan.FromMilliseconds(20);
    private readonly Lock _gate = new();
    private readonly Socket _socket;
    private readonly StreamReader _reader;
    private readonly StreamWriter _writer;

    private QemuMonitor(Socket socket)
    {
        _socket = socket;
        NetworkStream stream = new(socket, ownsSocket: true);
        _reader = new StreamReader(stream, Encoding.UTF8);
        _writer = new StreamWriter(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true };
    }

    /// <summary>Connects to a machine that is just starting.</summary>
    /// <param name="name">The machine's control socket in the abstract name space.</param>
    public static QemuMonitor Connect(string name)
    {
        DateTime deadline = DateTime.UtcNow + _connectLimit;
        while (true)
        {
            Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                socket.Connect(new UnixDomainSocketEndPoint(AbstractPrefix + name));
                QemuMonitor monitor = new(socket);
                // The protocol wants this before any other command.
                monitor.Execute("qmp_capabilities");
                return monitor;
            }
            catch (SocketException) when (DateTime.UtcNow < deadline)
            {
                socket.Dispose();
                Thread.Sleep(_connectInterval);
            }
            catch (SocketException failure)
            {
                socket.Dispose();
                throw new HvException("QEMU did not open its control connection.", failure);
            }
        }
    }

    /// <summary>Runs a command of the machine protocol and returns what it answers.</summary>
    public JsonNode? Execute(string command, JsonObject? arguments = null)
    {
        JsonObject request = new() { ["execute"] = command };
        if (arguments is not null)
        {
            request["arguments"] = arguments;
        }

        lock (_gate)
        {
            _writer.WriteLine(request.ToJsonString());
            while (_reader.ReadLine() is string line)
            {
                JsonNode? answer = JsonNode.Parse(line);
                if (answer?["error"] is JsonNode error)
                {
                    throw new HvException($"QEMU refused '{command}': {error["desc"]}.");
                }

                if (answer is JsonObject fields && fields.ContainsKey("return"))
                {
                    return fields["return"];
                }

                // The greeting, or an event: events come at any time between the answers.
            }
        }

        throw new IOException("QEMU closed its control connection.");
    }

    /// <summary>Runs a command of the human monitor, such as "info registers", and returns what it prints.</summary>
    public string ExecuteHuman(string command)
    {
        return Execute("human-monitor-command", new JsonObject { ["command-line"] = command })?.GetValue<string>() ?? string.Empty;
    }

    /// <summary>Sends a non-maskable interrupt to all processors.</summary>
    public void InjectNmi()
    {
        Execute("inject-nmi");
    }

    /// <summary>Presses the reset button.</summary>
    public void Reset()
    {
        Execute("system_reset");
    }

    /// <summary>Presses the power button.</summary>
    public void PressPowerButton()
    {
        Execute("system_powerdown");
    }

    /// <summary>Lets a stopped machine go on.</summary>
    public void Continue()
    {
        Execute("cont");
    }

    /// <summary>Stops the processors.</summary>
    public void Pause()
    {
        Execute("stop");
    }

    /// <summary>Presses a key, named as QEMU names it, on the keyboard of the machine.</summary>
    public void PressKey(string key)
    {
        JsonArray keys = [new JsonObject { ["type"] = "qcode", ["data"] = key }];
        Execute("send-key", new JsonObject { ["keys"] = keys });
    }

    /// <summary>Ends QEMU.</summary>
    public void Quit()
    {
        Execute("quit");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _reader.Dispose();
        _writer.Dispose();
        _socket.Dispose();
    }
}
