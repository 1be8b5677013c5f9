using System;
using Hypervisor.Control.Boot;
using Hypervisor.Control.Platform;

namespace Hypervisor.Control.Commands;

/// <summary><c>hvctl uninstall</c>: takes every entry of ours out of DriverOrder and deletes it.</summary>
internal static class UninstallCommand<TPlatform>
    where TPlatform : struct, IPlatform
{
    /// <summary>Runs it.</summary>
    public static ExitStatus Run()
    {
        if (!ControlProgram<TPlatform>.IsDone(out ExitStatus status))
        {
            return status;
        }

        Span<byte> storage = stackalloc byte[DriverOrder<TPlatform>.MaximumCount * sizeof(ushort)];
        DriverOrder<TPlatform> order = new(storage);
        status = VariableComplaint<TPlatform>.Check(order.Read(), "DriverOrder"u8);
        while (status == ExitStatus.Success && DriverEntry<TPlatform>.TryFind(ref order, out ushort number))
        {
            if (order.IndexOf(number) >= 0)
            {
                order.Remove(number);
                status = VariableComplaint<TPlatform>.Check(order.Write(), "DriverOrder"u8);
            }

            if (status == ExitStatus.Success)
            {
                status = VariableComplaint<TPlatform>.Check(DriverEntry<TPlatform>.Delete(number), "Driver####"u8);
            }
        }

        return status == ExitStatus.Success ? BootStatusCommand<TPlatform>.Print() : status;
    }
}
