using System;
using Hypervisor.Control.Calls;
using Hypervisor.Control.Platform;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Host;

namespace Hypervisor.Control.Commands;

/// <summary><c>hvctl status</c>: a line for each thing to know.</summary>
internal static unsafe class StatusCommand<TPlatform>
    where TPlatform : struct, IPlatform
{
    private const int LabelWidth = 14;
    private const int BytesPerKiB = 1024;
    private const ulong TenthsPerSecond = 10;

    /// <summary>Runs it.</summary>
    public static ExitStatus Run()
    {
        ExitStatus status = Client<TPlatform>.Connect();
        if (status != ExitStatus.Success || !ControlProgram<TPlatform>.IsDone(out status))
        {
            return status;
        }

        if (!Client<TPlatform>.Ask(HypercallFunction.Status, (ulong)HypercallStatusPage.Machine, 0, out CallRegisters machine)
            || !Client<TPlatform>.Ask(HypercallFunction.Status, (ulong)HypercallStatusPage.Policies, 0, out CallRegisters policies)
            || !Client<TPlatform>.Ask(HypercallFunction.MediatorCount, 0, 0, out CallRegisters mediators)
            || !Client<TPlatform>.Ask(HypercallFunction.RecordCount, 0, 0, out CallRegisters records))
        {
            return Complaint<TPlatform>.Say("the hypervisor does not answer any more"u8);
        }

        PrintMachine(machine);
        PrintPolicies(policies);
        Label("mediators"u8);
        Output<TPlatform>.Decimal(mediators.Rcx);
        Output<TPlatform>.Text(" of "u8);
        Output<TPlatform>.Decimal(mediators.Rax);
        Output<TPlatform>.Text(" armed"u8);
        Output<TPlatform>.EndLine();
        Label("records"u8);
        Output<TPlatform>.Decimal(records.Rax);
        Output<TPlatform>.EndLine();
        return ExitStatus.Success;
    }

    private static void PrintMachine(CallRegisters page)
    {
        Label("version"u8);
        Output<TPlatform>.Decimal((ushort)(page.Rcx >> 32));
        Output<TPlatform>.Text("."u8);
        Output<TPlatform>.Decimal((ushort)(page.Rcx >> 16));
        Output<TPlatform>.Text("."u8);
        Output<TPlatform>.Decimal((ushort)page.Rcx);
        Output<TPlatform>.EndLine();
        Label("boot id"u8);
        Output<TPlatform>.Hex(page.Rdx, TextBuffer.MaximumHexDigits);
        Output<TPlatform>.EndLine();
        Label("processors"u8);
        Output<TPlatform>.Decimal(page.R8 >> 32);
        Output<TPlatform>.Text((VirtualizationExtension)(uint)page.R8 == VirtualizationExtension.Vmx ? ", VT-x"u8 : ", AMD-V"u8);
        Output<TPlatform>.EndLine();
        Label("memory"u8);
        Output<TPlatform>.Text("0x"u8);
        Output<TPlatform>.Hex(page.R9);
        Output<TPlatform>.Text(" to 0x"u8);
        Output<TPlatform>.Hex(page.R9 + page.R10 - 1);
        Output<TPlatform>.Text(", "u8);
        Output<TPlatform>.Decimal(page.R10 / BytesPerKiB);
        Output<TPlatform>.Text(" KiB"u8);
        Output<TPlatform>.EndLine();
        PrintAge(page.R11);
    }

    private static void PrintAge(ulong ticks)
    {
        ulong perTenth = TPlatform.TicksPerSecond / TenthsPerSecond;
        if (perTenth == 0 || ticks == 0)
        {
            return;
        }

        ulong tenths = ticks / perTenth;
        Label("running for"u8);
        Output<TPlatform>.Decimal(tenths / TenthsPerSecond);
        Output<TPlatform>.Text("."u8);
        Output<TPlatform>.Decimal(tenths % TenthsPerSecond);
        Output<TPlatform>.Text(" s"u8);
        Output<TPlatform>.EndLine();
    }

    private static void PrintPolicies(CallRegisters page)
    {
        HostPolicies policies = (HostPolicies)page.Rcx;
        Label("guest"u8);
        Output<TPlatform>.Text((policies & HostPolicies.OperatingSystemRuns) != 0 ? "operating system"u8
            : (policies & HostPolicies.BootServicesExited) != 0 ? "operating system, before it has told the firmware its addresses"u8
            : "firmware"u8);
        Output<TPlatform>.EndLine();
        Label("log"u8);
        Output<TPlatform>.Decimal(page.R11 - page.R10);
        Output<TPlatform>.Text(page.Rdx switch
        {
            0 => " bytes, no serial port"u8,
            SerialPort.Com1 => " bytes, COM1"u8,
            SerialPort.Com2 => " bytes, COM2"u8,
            _ => " bytes, another serial port"u8,
        });
        Output<TPlatform>.EndLine();
        Label("policies"u8);
        bool isFirst = true;
        PrintPolicy(policies, HostPolicies.OpenStatus, "status"u8, ref isFirst);
        PrintPolicy(policies, HostPolicies.KeepApicTrap, "icr-trap keep"u8, ref isFirst);
        PrintPolicy(policies, HostPolicies.FaultTest, "fault-test"u8, ref isFirst);
        PrintPolicy(policies, HostPolicies.BootPassword, "boot password"u8, ref isFirst);
        Output<TPlatform>.Text(isFirst ? "none"u8 : default);
        Output<TPlatform>.EndLine();
        Label("refused calls"u8);
        Output<TPlatform>.Decimal(page.R8);
        Output<TPlatform>.EndLine();
    }

    private static void PrintPolicy(HostPolicies policies, HostPolicies policy, ReadOnlySpan<byte> name, ref bool isFirst)
    {
        if ((policies & policy) != 0)
        {
            Output<TPlatform>.Text(isFirst ? default : ", "u8);
            Output<TPlatform>.Text(name);
            isFirst = false;
        }
    }

    private static void Label(ReadOnlySpan<byte> label) => Output<TPlatform>.Padded(label, LabelWidth);
}
