using System;
using Hypervisor.Control.Calls;
using Hypervisor.Control.Platform;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Records;
using Hypervisor.Uefi.Protocols;

namespace Hypervisor.Control.Commands;

/// <summary><c>hvctl records</c>: what was handed to the hypervisor at boot, as text where it is text.</summary>
internal static unsafe class RecordsCommand<TPlatform>
    where TPlatform : struct, IPlatform
{
    private const byte FirstPrintable = 0x20;
    private const byte LastPrintable = 0x7E;

    private static ReadOnlySpan<byte> Indent => "    "u8;

    /// <summary>Runs it.</summary>
    public static ExitStatus Run()
    {
        ExitStatus status = Client<TPlatform>.Connect();
        if (status != ExitStatus.Success || !ControlProgram<TPlatform>.IsDone(out status))
        {
            return status;
        }

        bool isComplete = Client<TPlatform>.Ask(HypercallFunction.RecordCount, 0, 0, out CallRegisters count);
        for (ulong i = 0; isComplete && i < Math.Min(count.Rax, BootRecords.MaximumCount); i++)
        {
            isComplete = Print(i);
        }

        if (isComplete && count.Rax == 0)
        {
            Output<TPlatform>.Text("no records"u8);
            Output<TPlatform>.EndLine();
        }

        return isComplete ? ExitStatus.Success : Complaint<TPlatform>.Say("the hypervisor does not answer any more"u8);
    }

    private static bool Print(ulong number)
    {
        if (!Client<TPlatform>.Ask(HypercallFunction.RecordHeader, number, 0, out CallRegisters header))
        {
            return false;
        }

        Span<byte> guid = stackalloc byte[GuidText.Length];
        GuidText.Write(new EfiGuid(header.Rcx, header.Rdx), guid, lower: false);
        Output<TPlatform>.Text(guid);
        Output<TPlatform>.Text(" "u8);
        Output<TPlatform>.Decimal(header.Rax);
        Output<TPlatform>.Text(" bytes"u8);
        Output<TPlatform>.EndLine();
        Span<byte> bytes = stackalloc byte[HypercallProtocol.DataSize];
        for (ulong offset = 0; offset < header.Rax;)
        {
            if (!Client<TPlatform>.Ask(HypercallFunction.RecordRead, number, offset, out CallRegisters answer)
                || answer.Rax is 0 or > HypercallProtocol.DataSize)
            {
                return false;
            }

            answer.CopyData(0, bytes);
            PrintLine(bytes.Slice(0, (int)answer.Rax));
            offset += answer.Rax;
        }

        return true;
    }

    private static void PrintLine(ReadOnlySpan<byte> bytes)
    {
        bool isText = true;
        for (int i = 0; i < bytes.Length; i++)
        {
            isText &= bytes[i] is >= FirstPrintable and <= LastPrintable;
        }

        Output<TPlatform>.Text(Indent);
        if (isText)
        {
            Output<TPlatform>.Text(bytes);
        }

        for (int i = 0; !isText && i < bytes.Length; i++)
        {
            Output<TPlatform>.Hex(bytes[i], 2);
        }

        Output<TPlatform>.EndLine();
    }
}
