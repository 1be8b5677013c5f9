using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Host;
using Hypervisor.Guests.Probe.Execution;
using Hypervisor.Guests.Probe.Layout;

namespace Hypervisor.Guests.Probe.Reporting;

/// <summary>
/// The probe's output, straight to COM1: <c>probe: name: result</c> for what must be the same bare and behind the hypervisor,
/// <c>probe~ name: result</c> for what is only noted.
/// </summary>
public static unsafe class Report
{
    private const int Capacity = 1024;
    private const int FlagsDigits = 5;

    private struct LineBuffer
    {
        public fixed byte Bytes[Capacity];
    }

    private static LineBuffer s_line;
    private static int s_length;

    /// <summary>Takes COM1 into use.</summary>
    public static void Open()
    {
        SerialPort.Open(SerialPort.Com1);
        SerialPort.Write("\n"u8);
    }

    /// <summary>Begins a line that is compared.</summary>
    public static void Begin(ReadOnlySpan<byte> name) => Begin("probe: "u8, name);

    /// <summary>Begins a line that is noted only.</summary>
    public static void BeginNote(ReadOnlySpan<byte> name) => Begin("probe~ "u8, name);

    /// <summary>Ends the line and sends it.</summary>
    public static void End()
    {
        Append("\n"u8);
        fixed (byte* line = s_line.Bytes)
        {
            SerialPort.Write(new ReadOnlySpan<byte>(line, s_length));
        }
    }

    /// <summary>Appends text.</summary>
    public static void Append(ReadOnlySpan<byte> text)
    {
        fixed (byte* line = s_line.Bytes)
        {
            TextBuffer buffer = new(new Span<byte>(line + s_length, Capacity - s_length));
            buffer.Append(text);
            s_length += buffer.Length;
        }
    }

    /// <summary>Appends a number in hexadecimal.</summary>
    public static void AppendHex(ulong value, int digits = 1)
    {
        fixed (byte* line = s_line.Bytes)
        {
            TextBuffer buffer = new(new Span<byte>(line + s_length, Capacity - s_length));
            buffer.AppendHex(value, digits);
            s_length += buffer.Length;
        }
    }

    /// <summary>Appends a number in decimal.</summary>
    public static void AppendDecimal(long value)
    {
        fixed (byte* line = s_line.Bytes)
        {
            TextBuffer buffer = new(new Span<byte>(line + s_length, Capacity - s_length));
            buffer.AppendSigned(value);
            s_length += buffer.Length;
        }
    }

    /// <summary>Appends <c> name=value</c>.</summary>
    public static void AppendField(ReadOnlySpan<byte> name, ulong value)
    {
        Append(" "u8);
        Append(name);
        Append("="u8);
        AppendHex(value);
    }

    /// <summary>Appends how the last snippet went: every event with its place, and how it ended.</summary>
    public static void AppendRun()
    {
        for (int i = 0; i < Runner.Events->Count; i++)
        {
            AppendEvent(Runner.Events->Record(i));
        }

        if (Runner.IsDone)
        {
            Append(" done fl="u8);
            // Without RF: QEMU 7.2 leaves it set behind the instruction that it was meant for, if one without exit follows.
            AppendHex(new RFlags(Runner.Context->RFlags).WithResume(false).Value, FlagsDigits);
        }
    }

    /// <summary>A whole line about the last snippet.</summary>
    public static void Run(ReadOnlySpan<byte> name)
    {
        Begin(name);
        AppendRun();
        End();
    }

    /// <summary>A whole line with one word.</summary>
    public static void Line(ReadOnlySpan<byte> name, ReadOnlySpan<byte> result)
    {
        Begin(name);
        Append(" "u8);
        Append(result);
        End();
    }

    /// <summary>An exception of the probe itself.</summary>
    public static void Unexpected(ExceptionFrame* frame)
    {
        Begin("UNEXPECTED"u8);
        AppendField("vector"u8, frame->Vector);
        AppendField("error"u8, frame->ErrorCode);
        AppendField("rip"u8, frame->Rip);
        AppendField("flags"u8, frame->RFlags);
        End();
    }

    private static void Begin(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> name)
    {
        s_length = 0;
        Append(prefix);
        Append(name);
        Append(":"u8);
    }

    /// <summary>An event as <c>#DB@2(4000) fl=00102</c>; the place of an NMI is not told, for it is a matter of chance.</summary>
    private static void AppendEvent(EventRecord* record)
    {
        Append(" #"u8);
        Append(VectorName.Of(record->Vector));
        if (record->Vector >= ProbeVectors.FirstInterrupt)
        {
            AppendHex(record->Vector);
        }

        if (record->Vector == ProbeVectors.Nmi)
        {
            return;
        }

        Append("@"u8);
        AppendDecimal(record->Offset);
        if (record->Vector == ProbeVectors.Debug)
        {
            Append("("u8);
            AppendHex(record->DebugStatus);
            Append(")"u8);
        }

        if (record->ErrorCode != 0)
        {
            AppendField("err"u8, record->ErrorCode);
        }

        if (record->Privilege != 0)
        {
            AppendField("cpl"u8, record->Privilege);
        }

        Append(" fl="u8);
        AppendHex(record->Flags, FlagsDigits);
    }
}
