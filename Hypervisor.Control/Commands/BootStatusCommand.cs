using System;
using Hypervisor.Control.Boot;
using Hypervisor.Control.Platform;
using Hypervisor.Core.Diagnostics;

namespace Hypervisor.Control.Commands;

/// <summary><c>hvctl status-boot</c>: whether the firmware loads the hypervisor, from where, and with which options.</summary>
internal static class BootStatusCommand<TPlatform>
    where TPlatform : struct, IPlatform
{
    /// <summary>Runs it.</summary>
    public static ExitStatus Run() => ControlProgram<TPlatform>.IsDone(out ExitStatus status) ? Print() : status;

    /// <summary>Prints the line.</summary>
    public static ExitStatus Print()
    {
        Span<byte> storage = stackalloc byte[DriverOrder<TPlatform>.MaximumCount * sizeof(ushort)];
        DriverOrder<TPlatform> order = new(storage);
        ExitStatus status = VariableComplaint<TPlatform>.Check(order.Read(), "DriverOrder"u8);
        if (status != ExitStatus.Success)
        {
            return status;
        }

        Span<byte> bytes = stackalloc byte[LoadOption.Capacity];
        if (!DriverEntry<TPlatform>.TryFind(ref order, out ushort number)
            || DriverEntry<TPlatform>.Read(number, bytes, out int length) != VariableOutcome.Done
            || !LoadOption.TryRead(bytes.Slice(0, length), out LoadOption option))
        {
            Output<TPlatform>.Text("not installed"u8);
            Output<TPlatform>.EndLine();
            return ExitStatus.Success;
        }

        bool isUsed = option.IsActive && order.IndexOf(number) >= 0;
        Output<TPlatform>.Text(isUsed ? "installed: Driver"u8 : "installed, but not active: Driver"u8);
        Output<TPlatform>.Hex(number, 4);
        Output<TPlatform>.Text(", "u8);
        DevicePathText<TPlatform>.Print(option.Path);
        if (!option.Data.IsEmpty)
        {
            Output<TPlatform>.Text(", options: "u8);
            DevicePathText<TPlatform>.PrintWide(option.Data);
        }

        Output<TPlatform>.EndLine();
        return ExitStatus.Success;
    }
}
