using System;
using Hypervisor.Control.Boot;
using Hypervisor.Control.Platform;
using Hypervisor.Core.Configuration;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Uefi.Protocols;

namespace Hypervisor.Control.Commands;

/// <summary>The configuration in the firmware variable <c>HvConfig</c>: where nobody else says anything, the hypervisor takes it.</summary>
internal static unsafe class ConfigurationCommands<TPlatform>
    where TPlatform : struct, IPlatform
{
    private const int Capacity = ConfigurationParser.MaximumSize;

    private const int LineCapacity = 512;

    private static Storage s_text;

    private struct Storage
    {
        public fixed byte Bytes[Capacity];
    }

    private static ReadOnlySpan<byte> Name => "HvConfig"u8;

    private static Span<byte> Text
    {
        get
        {
            fixed (byte* bytes = s_text.Bytes)
            {
                return new Span<byte>(bytes, Capacity);
            }
        }
    }

    /// <summary><c>hvctl set-config FILE</c></summary>
    public static ExitStatus Set()
    {
        if (!Arguments.TryTake(out ReadOnlySpan<byte> file))
        {
            Complaint<TPlatform>.Say("set-config takes a file"u8);
            return ExitStatus.Usage;
        }

        if (!ControlProgram<TPlatform>.IsDone(out ExitStatus status))
        {
            return status;
        }

        int length = TPlatform.ReadFile(file, Text);
        if (length <= 0)
        {
            return Complaint<TPlatform>.Say("the file cannot be read, is empty, or has more than 8 KiB: "u8, file);
        }

        status = Check(Text.Slice(0, length));
        return status != ExitStatus.Success
            ? status
            : VariableComplaint<TPlatform>.Check(TPlatform.WriteVariable(Name, EfiGuid.Hv, TPlatform.PrivateVariable, Text.Slice(0, length)), Name);
    }

    /// <summary><c>hvctl get-config</c></summary>
    public static ExitStatus Get()
    {
        if (!ControlProgram<TPlatform>.IsDone(out ExitStatus status))
        {
            return status;
        }

        status = VariableComplaint<TPlatform>.Check(TPlatform.ReadVariable(Name, EfiGuid.Hv, Text, out int length), Name);
        Output<TPlatform>.Text(Text.Slice(0, length));
        Output<TPlatform>.Flush();
        return status;
    }

    /// <summary><c>hvctl clear-config</c></summary>
    public static ExitStatus Clear() => ControlProgram<TPlatform>.IsDone(out ExitStatus status)
        ? VariableComplaint<TPlatform>.Check(TPlatform.DeleteVariable(Name, EfiGuid.Hv), Name)
        : status;

    /// <summary>What the hypervisor would refuse to start with does not get there.</summary>
    private static ExitStatus Check(ReadOnlySpan<byte> text)
    {
        HostOptions options = ConfigurationParser.Defaults;
        UncheckedMediators mediators = default;
        ConfigurationError error = ConfigurationParser.Parse(text, ref options, ref mediators);
        if (!error.IsError)
        {
            return ExitStatus.Success;
        }

        Span<byte> storage = stackalloc byte[LineCapacity];
        TextBuffer line = new(storage);
        line.Append("line "u8);
        line.AppendDecimal((uint)error.Line);
        line.Append(", "u8);
        line.Append(error.Key);
        line.Append(": "u8);
        line.Append(error.Problem);
        line.Append("; accepted: "u8);
        line.Append(error.Accepted);
        return Complaint<TPlatform>.Say(line.Written);
    }
}
