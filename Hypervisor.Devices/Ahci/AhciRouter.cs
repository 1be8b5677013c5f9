using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Ahci;

/// <summary>Leads accesses to registers, whichever way they came, to those who look at the port.</summary>
internal sealed class AhciRouter
{
    private readonly AhciControllers _controllers;
    private readonly AhciWatcher _watcher;

    internal AhciRouter(AhciControllers controllers, AhciWatcher watcher)
    {
        _controllers = controllers;
        _watcher = watcher;
    }

    /// <summary>An access to the registers behind ABAR.</summary>
    internal Verdict Handle(MediatorHost host, int controller, ref AhciAccess access)
    {
        if (access.IsInDword)
        {
            return HandleDword(host, controller, ref access);
        }

        ref AhciController owner = ref _controllers[controller];
        if (!access.IsWrite && owner.Governed == 0)
        {
            return Verdict.Pass;
        }

        for (int done = 0; done < access.Size;)
        {
            AhciAccess part = access.Part(done);
            if (HandleDword(host, controller, ref part) == Verdict.Pass)
            {
                Perform(host, owner, ref part);
            }

            access.Put(part, done);
            done += part.Size;
        }

        return Verdict.Done;
    }

    /// <summary>An access within one register.</summary>
    internal Verdict HandleDword(MediatorHost host, int controller, ref AhciAccess access)
    {
        if (!access.IsWrite)
        {
            return Verdict.Pass;
        }

        if (!AhciRegister.IsPort(access.Offset))
        {
            if (access.Register == AhciRegister.GlobalControl && new AhciGlobalControl(access.Write.Value).Resets)
            {
                _controllers.Forget(controller);
            }

            return Verdict.Pass;
        }

        AhciWrite write = access.Write;
        int shift = access.Shift;
        bool passes = _watcher.Write(host, controller, AhciRegister.PortOf(access.Offset), ref write);
        access.Value = write.Value >> shift;
        return passes ? Verdict.Pass : Verdict.Done;
    }

    private static void Perform(MediatorHost host, in AhciController controller, ref AhciAccess access)
    {
        ulong address = controller.Registers + (uint)access.Offset;
        if (access.IsWrite)
        {
            host.WriteDevice(address, access.Size, access.Value);
        }
        else
        {
            access.Value = host.ReadDevice(address, access.Size);
        }
    }
}
