using System.Linq;
using Hypervisor.Core.Mediation;
using Hypervisor.Devices.Acpi;
using Hypervisor.Devices.Ahci;
using Hypervisor.Devices.LocalApic;
using Hypervisor.Devices.Pci;
using Hypervisor.Devices.SelfTest;
using Hypervisor.Devices.Smi;
using Microsoft.Extensions.DependencyInjection;

namespace Hypervisor.Devices.Registration;

/// <summary>
/// The one list of mediators. The build makes the image's composition from it; the tool and the tests use the container itself. Not part of the image.
/// </summary>
public static class MediatorServices
{
    /// <summary>Adds all mediators, in the order in which they are attached and asked.</summary>
    public static IServiceCollection AddMediators(this IServiceCollection services) => services
        .AddMediator<AcpiMediator>()
        .AddMediator<LocalApicMediator>()
        .AddMediator<SmiMediator>()
        .AddSingleton<PciConfiguration>()
        .AddMediator<PciMediator>()
        .AddMediator<AhciMediator>()
        .AddMediator<SelfTestMediator>();

    /// <summary>Adds a mediator behind those there are. What its constructor takes is to be added before.</summary>
    /// <typeparam name="TMediator">Its class.</typeparam>
    public static IServiceCollection AddMediator<TMediator>(this IServiceCollection services)
        where TMediator : Mediator => services.AddSingleton<TMediator>().AddSingleton<Mediator>(provider => provider.GetRequiredService<TMediator>());

    /// <summary>Makes the mediators of a container the ones of this process, as the image's composition does.</summary>
    /// <param name="services">What <see cref="AddMediators"/> was called on.</param>
    public static void Compose(this IServiceCollection services)
    {
        ServiceProvider provider = services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });
        MediatorObjects.Clear();
        provider.GetServices<Mediator>().ToList().ForEach(MediatorObjects.Add);
    }
}
