using System;
using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Diagnostics;

/// <summary>
/// The host's log: a line at a time into the ring in the host's memory and to the serial port. A line is written as
/// <c>Log.Begin(level, processor).Text("..."u8).Hex(value).End()</c>; it holds the log's lock from Begin to End.
/// </summary>
public static unsafe class Log
{
    private const int LineCapacity = 224;
    private const int MaximumLockPolls = 10_000_000;
    private const int MaximumSerialWarnings = 200;

    private static byte* s_ring;
    private static int s_ringSize;
    private static uint s_lock;
    private static uint s_processor;
    private static LogLevel s_level;
    private static int s_length;
    private static int s_warnings;
    private static byte* s_line;

    /// <summary>Gives the log its memory: room for the line being written, then the ring.</summary>
    /// <param name="memory">Memory of the host.</param>
    /// <param name="size">Its bytes.</param>
    public static void Open(byte* memory, int size)
    {
        s_line = memory;
        s_ring = memory + LineCapacity;
        s_ringSize = size - LineCapacity;
        s_lock = 0;
        LogRing.Create(new Span<byte>(s_ring, s_ringSize));
    }

    /// <summary>Position of the oldest line that is still there.</summary>
    public static ulong Oldest => Ring.Oldest;

    /// <summary>Position behind the newest line.</summary>
    public static ulong Newest => Ring.Newest;

    /// <summary>What the lock holds while a processor writes a line; 0 while nobody does.</summary>
    private static uint HolderOf(uint processor) => processor + 1;

    private static LogRing Ring => LogRing.Open(new Span<byte>(s_ring, s_ringSize));

    /// <summary>Begins a line.</summary>
    public static LogLine Begin(LogLevel level, uint processor)
    {
        fixed (uint* word = &s_lock)
        {
            // Bounded: a processor that died with the lock must not take the others with it.
            for (int i = 0; i < MaximumLockPolls && Instructions.CompareExchange(word, HolderOf(processor), 0) != 0; i++)
            {
                Instructions.Pause();
            }
        }

        s_level = level;
        s_processor = processor;
        s_length = 0;
        return default;
    }

    /// <summary>A whole line of constant text.</summary>
    public static void Write(LogLevel level, uint processor, ReadOnlySpan<byte> text) => Begin(level, processor).Text(text).End();

    /// <summary>Copies text out of the ring, see <see cref="LogRing.CopyTo"/>. Takes no lock: the newest line may be half there yet.</summary>
    public static ulong CopyTo(ulong position, Span<byte> destination, out int copied) => Ring.CopyTo(position, destination, out copied);

    /// <summary>Takes the log from whoever was writing a line: for a processor that reports its own fault.</summary>
    public static void Break() => s_lock = 0;

    /// <summary>Gives up the line that a processor was writing when what it was doing came to an early end; others' lines stay theirs.</summary>
    public static void Abandon(uint processor)
    {
        fixed (uint* word = &s_lock)
        {
            Instructions.CompareExchange(word, 0, HolderOf(processor));
        }
    }

    internal static void Append(ReadOnlySpan<byte> text)
    {
        TextBuffer buffer = Rest();
        buffer.Append(text);
        s_length += buffer.Length;
    }

    internal static void AppendHex(ulong value, int digits)
    {
        TextBuffer buffer = Rest();
        buffer.Append("0x"u8);
        buffer.AppendHex(value, digits);
        s_length += buffer.Length;
    }

    internal static void AppendByte(byte value)
    {
        TextBuffer buffer = Rest();
        buffer.AppendHex(value, 2);
        s_length += buffer.Length;
    }

    internal static void AppendDecimal(ulong value)
    {
        TextBuffer buffer = Rest();
        buffer.AppendDecimal(value);
        s_length += buffer.Length;
    }

    internal static void End()
    {
        ReadOnlySpan<byte> text = new(s_line, s_length);
        Ring.Append(Instructions.ReadTimestamp(), s_processor, s_level, text);

        // What a guest can provoke at will must not make the port the brake of the machine: after so many, warnings go to the ring alone.
        if (s_level != LogLevel.Warning || s_warnings < MaximumSerialWarnings)
        {
            s_warnings += s_level == LogLevel.Warning ? 1 : 0;
            SerialPort.Write("hv: "u8);
            SerialPort.Write(text);
            SerialPort.Write("\r\n"u8);
        }

        fixed (uint* word = &s_lock)
        {
            Instructions.Exchange(word, 0);
        }
    }

    private static TextBuffer Rest() => new(new Span<byte>(s_line + s_length, LineCapacity - s_length));
}
